namespace FanOut.ServiceDefaults.Access;

internal static class BearerToken
{
    private const string Scheme = "Bearer ";

    /// <returns>The token in a header <c>Authorization</c>, or null.</returns>
    public static string? Of(string authorization) =>
        authorization.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? authorization[Scheme.Length..].Trim() : null;
}

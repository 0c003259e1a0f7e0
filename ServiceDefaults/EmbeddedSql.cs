namespace FanOut.ServiceDefaults;

public static class EmbeddedSql
{
    /// <summary>Reads an embedded script from the folder of <paramref name="user"/>.</summary>
    public static string Read(Type user, string name)
    {
        ArgumentNullException.ThrowIfNull(user);
        using var stream = user.Assembly.GetManifestResourceStream(user, name)
            ?? throw new InvalidOperationException($"The embedded file '{name}' is missing beside {user.FullName}.");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

namespace FanOut.AppHost.Servers;

/// <summary>The users of <c>deploy/redis/users.acl</c>.</summary>
internal static class RedisUsers
{
    private const string Placeholder = "PASSWORD";

    /// <summary>Whether a service has a user: one that does not use Redis has none.</summary>
    public static bool Has(ServiceAccount account) => Find(account) is not null;

    /// <summary>The lines of a configuration file.</summary>
    public static ReferenceExpression Lines(IEnumerable<ServiceAccount> accounts)
    {
        var lines = new ReferenceExpressionBuilder();
        foreach (var account in accounts.Where(Has))
        {
            var (before, after) = Split(account);
            lines.AppendFormatted(ReferenceExpression.Create($"user {account.RedisUser} {before}{account.Password}{after}\n"));
        }

        return lines.Build();
    }

    /// <summary>Arguments of the server in a command line for a shell, which has the passwords in variables.</summary>
    public static string Arguments(IEnumerable<ServiceAccount> accounts) => string.Join(' ', accounts.Where(Has).Select(account =>
    {
        var (before, after) = Split(account);
        var rules = $"{before}${account.PasswordVariable}{after}".Split(' ').Select(rule => $"\"{rule}\"");
        return $"--user {account.RedisUser} {string.Join(' ', rules)}";
    }));

    /// <summary>The rules of a user, before and after the password.</summary>
    private static (string Before, string After) Split(ServiceAccount account)
    {
        var rules = Find(account)!.Split(Placeholder);
        return (rules[0], rules[1]);
    }

    private static string? Find(ServiceAccount account)
    {
        using var reader = new StreamReader(typeof(RedisUsers).Assembly.GetManifestResourceStream("users.acl")!);
        var start = $"user {account.RedisUser} ";
        return reader.ReadToEnd().Split('\n').SingleOrDefault(line => line.StartsWith(start, StringComparison.Ordinal))?[start.Length..];
    }
}

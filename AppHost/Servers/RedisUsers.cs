namespace FanOut.AppHost.Servers;

/// <summary>The users of <c>deploy/redis/users.acl</c>.</summary>
internal static class RedisUsers
{
    private const string Placeholder = "PASSWORD";

    /// <summary>The lines of a configuration file.</summary>
    public static ReferenceExpression Lines(IEnumerable<ServiceAccount> accounts)
    {
        var lines = new ReferenceExpressionBuilder();
        foreach (var account in accounts)
        {
            var (before, after) = Split(account);
            lines.AppendFormatted(ReferenceExpression.Create($"user {account.RedisUser} {before}{account.Password}{after}\n"));
        }

        return lines.Build();
    }

    /// <summary>Arguments of the server in a command line for a shell, which has the passwords in variables.</summary>
    public static string Arguments(IEnumerable<ServiceAccount> accounts) => string.Join(' ', accounts.Select(account =>
    {
        var (before, after) = Split(account);
        var rules = $"{before}${account.PasswordVariable}{after}".Split(' ').Select(rule => $"\"{rule}\"");
        return $"--user {account.RedisUser} {string.Join(' ', rules)}";
    }));

    /// <summary>The rules of a user, before and after the password.</summary>
    private static (string Before, string After) Split(ServiceAccount account)
    {
        using var reader = new StreamReader(typeof(RedisUsers).Assembly.GetManifestResourceStream("users.acl")!);
        var start = $"user {account.RedisUser} ";
        var line = reader.ReadToEnd().Split('\n').Single(line => line.StartsWith(start, StringComparison.Ordinal));
        var rules = line[start.Length..].Split(Placeholder);
        return (rules[0], rules[1]);
    }
}

namespace FanOut.AppHost.Servers;

/// <summary>
/// What a service logs in with: a role of Postgres that the migrator makes, and a Redis user if it uses Redis. Both have one password.
/// </summary>
internal sealed record ServiceAccount(string Service, ParameterResource Password)
{
    public static readonly IReadOnlyList<string> Services =
        ["order-api", "webhook-worker", "analytics-worker", "notification-worker", "reclaimer", "stream-console"];

    public string PostgresRole => $"fanout_{Service.Replace('-', '_')}";

    public string RedisUser => $"fanout-{Service}";

    /// <summary>The variable of the Redis container that has the password.</summary>
    public string PasswordVariable => $"{PostgresRole.ToUpperInvariant()}_PASSWORD";

    public static string PasswordName(string service) => $"{service}-password";
}

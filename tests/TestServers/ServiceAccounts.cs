using Npgsql;

namespace FanOut.TestServers;

/// <summary>What each service logs in as: a Postgres role and a Redis user of its own, with the least that it needs.</summary>
internal static class ServiceAccounts
{
    // As in deploy/redis/users.acl.
    private const string Password = "PASSWORD";

    /// <summary>For <see cref="RedisServerOptions.Users"/>.</summary>
    public static IReadOnlyList<string> RedisUsers { get; } =
        [.. File.ReadLines(Path.Combine(SourceTree.Root, "deploy", "redis", "users.acl")).Where(line => line.Length > 0)];

    /// <summary>Migrates a database as its superuser, which also makes and grants the roles.</summary>
    public static Task MigrateAsync(string connectionString, CancellationToken cancellationToken) => ServerProcess.RunToEndAsync(
        "the migrator",
        "dotnet",
        [SourceTree.Program("Migrator")],
        asServiceUser: false,
        cancellationToken,
        environment: new Dictionary<string, string>
        {
            ["ConnectionStrings__fanout"] = connectionString,
            ["Roles__order-api__Password"] = Password,
            ["Roles__webhook-worker__Password"] = Password,
            ["Roles__analytics-worker__Password"] = Password,
            ["Roles__notification-worker__Password"] = Password,
            ["Roles__reclaimer__Password"] = Password,
            ["Roles__stream-console__Password"] = Password,
        });

    /// <param name="project">The project of a service, such as <c>OrderApi</c>.</param>
    /// <param name="connectionString">Of the superuser.</param>
    public static string Postgres(string project, string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Username = $"fanout_{NameOf(project, '_')}", Password = Password }.ConnectionString;

    /// <param name="project">The project of a service, such as <c>OrderApi</c>.</param>
    /// <param name="connectionString">Without a user.</param>
    public static string Redis(string project, string connectionString) =>
        $"{connectionString},user=fanout-{NameOf(project, '-')},password={Password}";

    private static string NameOf(string project, char separator) => string.Concat(project.Select((letter, index) =>
        char.IsUpper(letter) ? $"{(index > 0 ? separator : "")}{char.ToLowerInvariant(letter)}" : $"{letter}"));
}

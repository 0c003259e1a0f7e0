using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>Adds keys to the database of a running service.</summary>
internal static class NewKey
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>What a migration does, in a database without services.</summary>
    public static async Task CreateTablesAsync(NpgsqlDataSource database)
    {
        var tables = EmbeddedSql.Read(typeof(ApiDocument), "Migrations.001_access.sql");
        await using var command = database.CreateCommand($"create schema access; {tables}");
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public static async Task<ApiKey> InAsync(NpgsqlDataSource database, params string[] scopes) =>
        await new ApiKeyRegistry(database).CreateAsync("ada", "shop", scopes, null, Cancellation);

    public static async Task<ApiKey> ExpiredInAsync(NpgsqlDataSource database, params string[] scopes) =>
        await new ApiKeyRegistry(database).CreateAsync("ada", "shop", scopes, TimeProvider.System.GetUtcNow().AddSeconds(-1), Cancellation);

    public static async Task<ApiKey> RevokedInAsync(NpgsqlDataSource database, params string[] scopes)
    {
        var key = await InAsync(database, scopes);
        Assert.NotNull(await new ApiKeyRegistry(database).RevokeAsync(key.Id, Cancellation));
        return key;
    }

    /// <summary>The same id with another secret.</summary>
    public static string WithOtherSecret(ApiKey key) => $"{key.Id}.{ApiKey.Generate().Text.Split('.')[1]}";
}

using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace FanOut.TestServers;

/// <summary>An API key that may do everything, for the clients of tests and measurements. It exists only in their databases.</summary>
public static class TestKey
{
    private const string Id = "fanout_tests";
    private const string Key = $"{Id}.ForTestsOnlyForTestsOnlyForTestsOnlyForTest";

    private static readonly string InsertKey = EmbeddedSql.Read("insert_key.sql");

    public static AuthenticationHeaderValue Header { get; } = new("Bearer", Key);

    /// <summary>Adds it to a database whose services have started. It may be there.</summary>
    public static async Task AddAsync(NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(InsertKey);
        command.Parameters.Add(new() { Value = Id });
        command.Parameters.Add(new() { Value = SHA256.HashData(Encoding.ASCII.GetBytes(Key)) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

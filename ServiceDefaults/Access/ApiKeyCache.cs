using Microsoft.Extensions.Caching.Memory;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>
/// Finds keys in the database, one query at a time for each id, and keeps what it found for a few seconds: also that there is no such key, so that
/// wrong ids do not load the database.
/// </summary>
internal sealed class ApiKeyCache(NpgsqlDataSource dataSource) : IDisposable
{
    /// <summary>A key that is revoked is refused everywhere after this time.</summary>
    private static readonly TimeSpan MaxAge = TimeSpan.FromSeconds(10);

    private const int MaxKeys = 10_000;
    private const int CommandTimeoutSeconds = 5;

    private static readonly string FindKey = EmbeddedSql.Read(typeof(ApiKeyCache), "find_api_key.sql");

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = MaxKeys });
    private readonly Lock _finding = new();

    /// <exception cref="NpgsqlException">The database does not answer.</exception>
    public async Task<StoredKey?> FindAsync(ApiKey key, CancellationToken cancellationToken)
    {
        Task<StoredKey?> found;
        lock (_finding)
        {
            // Others wait for this query too, so no caller's cancellation ends it.
            found = _cache.GetOrCreate(key.Id, entry =>
            {
                entry.Size = 1;
                entry.AbsoluteExpirationRelativeToNow = MaxAge;
                return Task.Run(() => ReadAsync(key), CancellationToken.None);
            })!;
        }

        try
        {
            return await found.WaitAsync(cancellationToken);
        }
        catch (NpgsqlException)
        {
            _cache.Remove(key.Id);
            throw;
        }
    }

    public void Dispose() => _cache.Dispose();

    private async Task<StoredKey?> ReadAsync(ApiKey key)
    {
        await using var command = dataSource.CreateCommand(FindKey);
        command.CommandTimeout = CommandTimeoutSeconds;
        command.Parameters.Add(new() { Value = key.Id });
        command.Parameters.Add(new() { Value = key.Hash });
        await using var reader = await command.ExecuteReaderAsync();
        return await reader.ReadAsync()
            ? new StoredKey(
                reader.GetString(reader.GetOrdinal("name")),
                reader.GetString(reader.GetOrdinal("owner")),
                reader.GetFieldValue<byte[]>(reader.GetOrdinal("hash")),
                reader.GetFieldValue<string[]>(reader.GetOrdinal("scopes")),
                reader.GetFieldValue<DateTimeOffset?>(reader.GetOrdinal("expires_at")),
                reader.GetFieldValue<DateTimeOffset?>(reader.GetOrdinal("revoked_at")))
            : null;
    }
}

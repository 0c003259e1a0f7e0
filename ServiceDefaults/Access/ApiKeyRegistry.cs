using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>An API key as lists show it. <c>LastUsedAt</c> is as of about a minute ago.</summary>
public sealed record ApiKeyEntry(
    string Id,
    string Name,
    string Owner,
    IReadOnlyList<string> Scopes,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt,
    DateTimeOffset? RevokedAt,
    DateTimeOffset? LastUsedAt);

/// <summary>Creates, lists and revokes API keys. Services may not do this: their roles only read keys.</summary>
public sealed class ApiKeyRegistry(NpgsqlDataSource dataSource)
{
    /// <summary>The account of keys that are created for no other.</summary>
    public const string DefaultOwner = "default";

    /// <summary>How long a name or an owner may be.</summary>
    public const int MaxNameLength = 100;

    private static readonly string InsertKey = Sql("insert_api_key.sql");
    private static readonly string PutDevelopmentKey = Sql("put_development_key.sql");
    private static readonly string ListKeys = Sql("list_api_keys.sql");
    private static readonly string RevokeKey = Sql("revoke_api_key.sql");

    /// <returns>The new key. It cannot be read again.</returns>
    public async Task<ApiKey> CreateAsync(
        string name, string owner, IReadOnlyCollection<string> scopes, DateTimeOffset? expiresAt, CancellationToken cancellationToken)
    {
        var key = ApiKey.Generate();
        await using var command = Command(InsertKey, key.Id, name, owner, key.Hash, scopes.ToArray(), (object?)expiresAt ?? DBNull.Value);
        await command.ExecuteNonQueryAsync(cancellationToken);
        return key;
    }

    /// <summary>Adds a key that may do everything. For development: it lies in the settings of a program.</summary>
    public async Task PutDevelopmentKeyAsync(ApiKey key, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(key);
        await using var command = Command(PutDevelopmentKey, key.Id, DefaultOwner, key.Hash);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async Task<IReadOnlyList<ApiKeyEntry>> ListAsync(CancellationToken cancellationToken)
    {
        await using var command = Command(ListKeys);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var entries = new List<ApiKeyEntry>();
        while (await reader.ReadAsync(cancellationToken))
        {
            entries.Add(new(
                reader.GetString(reader.GetOrdinal("id")),
                reader.GetString(reader.GetOrdinal("name")),
                reader.GetString(reader.GetOrdinal("owner")),
                reader.GetFieldValue<string[]>(reader.GetOrdinal("scopes")),
                reader.GetFieldValue<DateTimeOffset>(reader.GetOrdinal("created_at")),
                reader.GetFieldValue<DateTimeOffset?>(reader.GetOrdinal("expires_at")),
                reader.GetFieldValue<DateTimeOffset?>(reader.GetOrdinal("revoked_at")),
                reader.GetFieldValue<DateTimeOffset?>(reader.GetOrdinal("last_used_at"))));
        }

        return entries;
    }

    /// <returns>When it was revoked, or null if there is no such key.</returns>
    public async Task<DateTimeOffset?> RevokeAsync(string id, CancellationToken cancellationToken)
    {
        await using var command = Command(RevokeKey, id);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? reader.GetFieldValue<DateTimeOffset>(reader.GetOrdinal("revoked_at")) : null;
    }

    private NpgsqlCommand Command(string sql, params object[] values)
    {
        var command = dataSource.CreateCommand(sql);
        foreach (var value in values)
        {
            command.Parameters.Add(new() { Value = value });
        }

        return command;
    }

    private static string Sql(string name) => EmbeddedSql.Read(typeof(ApiKeyRegistry), name);
}

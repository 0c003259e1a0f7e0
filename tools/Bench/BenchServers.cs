namespace FanOut.Bench;

/// <summary>The benchmark's own Redis and Postgres, durable as in production: append-only file, fsync, synchronous commit.</summary>
internal sealed class BenchServers(RedisServer redis, PostgresServer postgres, PostgresDatabase database, ConnectionMultiplexer connection)
    : IAsyncDisposable
{
    private static readonly string CreateTables = EmbeddedSql.Read("create_tables.sql");

    public RedisServer RedisServer => redis;

    public PostgresDatabase Database => database;

    public ConnectionMultiplexer Connection => connection;

    public IDatabase Redis => connection.GetDatabase();

    public NpgsqlDataSource Postgres => database.DataSource;

    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="settings">Further settings of Postgres; null for none.</param>
    public static async Task<BenchServers> StartAsync(CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? settings = null)
    {
        var redis = await RedisServer.StartAsync(
            new RedisServerOptions { AppendOnly = true, AppendFsync = "everysec", Users = ServiceAccounts.RedisUsers }, cancellationToken);
        var postgres = await PostgresServer.StartAsync(
            new PostgresServerOptions
            {
                Fsync = true,

                // As in the services.
                ClientSettings = "No Reset On Close=true;Max Auto Prepare=32;Auto Prepare Min Usages=2",
                Settings = new Dictionary<string, string>(settings ?? new Dictionary<string, string>())
                {
                    ["synchronous_commit"] = "on",
                    ["shared_buffers"] = "256MB",
                    ["max_wal_size"] = "4GB",
                },
            },
            cancellationToken);
        var database = await postgres.CreateDatabaseAsync(cancellationToken: cancellationToken);
        var servers = new BenchServers(redis, postgres, database, await redis.ConnectAsync(options => options.AllowAdmin = false));
        await ExecuteAsync(servers.Postgres, CreateTables, cancellationToken);
        return servers;
    }

    /// <summary>A further database with the benchmark's tables.</summary>
    public async Task<PostgresDatabase> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var further = await postgres.CreateDatabaseAsync(cancellationToken: cancellationToken);
        await ExecuteAsync(further.DataSource, CreateTables, cancellationToken);
        return further;
    }

    public static async Task ExecuteAsync(
        NpgsqlDataSource postgres, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = postgres.CreateCommand(sql);
        command.CommandTimeout = 0;
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // Servers first, so that no database must be dropped.
        await postgres.DisposeAsync();
        await redis.DisposeAsync();
        await database.DisposeAsync();
        await connection.DisposeAsync();
    }
}

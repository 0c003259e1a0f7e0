using FanOut.TestServers;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Bench.Running;

/// <summary>A Redis and a Postgres of the benchmark's own, set as durable as in production: append-only file synced every second, fsync and synchronous commit on.</summary>
internal sealed class BenchServers : IAsyncDisposable
{
    private static readonly string CreateTables = EmbeddedSql.Read("Running.create_tables.sql");

    private BenchServers(RedisServer redis, PostgresServer postgres, PostgresDatabase database, ConnectionMultiplexer connection)
    {
        RedisServer = redis;
        PostgresServer = postgres;
        Database = database;
        Connection = connection;
    }

    public RedisServer RedisServer { get; }

    public PostgresServer PostgresServer { get; }

    public PostgresDatabase Database { get; }

    public ConnectionMultiplexer Connection { get; }

    public IDatabase Redis => Connection.GetDatabase();

    public NpgsqlDataSource Postgres => Database.DataSource;

    public static async Task<BenchServers> StartAsync(CancellationToken cancellationToken)
    {
        var redis = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true, AppendFsync = "everysec" }, cancellationToken);
        var postgres = await PostgresServer.StartAsync(
            new PostgresServerOptions
            {
                Fsync = true,

                // As the workers have it.
                ClientSettings = "No Reset On Close=true",
                Settings = new Dictionary<string, string> { ["synchronous_commit"] = "on", ["shared_buffers"] = "256MB", ["max_wal_size"] = "4GB" },
            },
            cancellationToken);
        var servers = new BenchServers(redis, postgres, await postgres.CreateDatabaseAsync(cancellationToken: cancellationToken), await redis.ConnectAsync(options => options.AllowAdmin = false));
        await ExecuteAsync(servers.Postgres, CreateTables, cancellationToken);
        return servers;
    }

    /// <summary>A further database with the benchmark's tables.</summary>
    public async Task<PostgresDatabase> CreateDatabaseAsync(CancellationToken cancellationToken)
    {
        var database = await PostgresServer.CreateDatabaseAsync(cancellationToken: cancellationToken);
        await ExecuteAsync(database.DataSource, CreateTables, cancellationToken);
        return database;
    }

    public static async Task ExecuteAsync(NpgsqlDataSource postgres, string sql, CancellationToken cancellationToken, params NpgsqlParameter[] parameters)
    {
        await using var command = postgres.CreateCommand(sql);
        command.CommandTimeout = 0;
        command.Parameters.AddRange(parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        // Servers first: a database of a server that is gone need not be dropped, and a failure to do so would hide what went wrong before.
        await PostgresServer.DisposeAsync();
        await RedisServer.DisposeAsync();
        await Database.DisposeAsync();
        await Connection.DisposeAsync();
    }
}

using FanOut.TestServers;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Bench.Running;

/// <summary>A Redis and a Postgres of the benchmark's own, set as durable as in production: append-only file synced every second, fsync and synchronous commit on.</summary>
internal sealed class BenchServers : IAsyncDisposable
{
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
        var postgres = await PostgresServer.StartAsync(new PostgresServerOptions { Fsync = true }, cancellationToken);
        return new BenchServers(redis, postgres, await postgres.CreateDatabaseAsync(cancellationToken: cancellationToken), await redis.ConnectAsync());
    }

    public async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var command = Postgres.CreateCommand(sql);
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await Database.DisposeAsync();
        await PostgresServer.DisposeAsync();
        await RedisServer.DisposeAsync();
    }
}

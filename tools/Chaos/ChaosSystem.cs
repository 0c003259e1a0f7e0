using System.Net.Http.Json;

namespace FanOut.Chaos;

/// <summary>The whole system, as processes: a Redis with its append-only file, a Postgres with fsync, and two replicas of each service.</summary>
internal sealed class ChaosSystem : IAsyncDisposable
{
    public static readonly StreamName Stream = new("orders");

    private const int Replicas = 2;
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan SupervisionInterval = TimeSpan.FromMilliseconds(250);
    private readonly CancellationTokenSource _ending = new();
    private readonly List<RedisServer> _formerRedis = [];
    private readonly List<PostgresServer> _formerPostgres = [];
    private readonly ProgressLog _log;
    private PostgresDatabase? _database;
    private Task _supervising = Task.CompletedTask;

    private ChaosSystem(ProgressLog log, string folder, RedisServer redis, PostgresServer postgres, WebhookSink webhooks)
    {
        _log = log;
        Folder = folder;
        Redis = redis;
        Postgres = postgres;
        Webhooks = webhooks;
    }

    /// <summary>Where the logs are.</summary>
    public string Folder { get; }

    public RedisServer Redis { get; private set; }

    public PostgresServer Postgres { get; private set; }

    public WebhookSink Webhooks { get; }

    public IReadOnlyList<ServiceReplica> Services { get; private set; } = [];

    /// <summary>For this program's own queries: without a proxy, and without a pool that would keep connections to a dead server.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    private static RedisServerOptions RedisOptions(string folder, string name) => new()
    {
        AppendOnly = true,
        AppendFsync = "everysec",
        Log = Path.Combine(folder, $"{name}.log"),
        Users = ServiceAccounts.RedisUsers,
        // The master must not disconnect a replica that lags behind.
        Settings = new Dictionary<string, string>
        {
            ["client-output-buffer-limit"] = "replica 0 0 0",
            ["repl-diskless-sync-delay"] = "0",
            ["repl-timeout"] = "600",
        },
    };

    public static async Task<ChaosSystem> StartAsync(ProgressLog log, string folder, CancellationToken cancellationToken)
    {
        var redis = await RedisServer.StartAsync(RedisOptions(folder, "redis"), cancellationToken);
        var postgres = await PostgresServer.StartAsync(
            new PostgresServerOptions
            {
                Fsync = true,
                MaxConnections = 300,
                Log = Path.Combine(folder, "postgres.log"),
                Settings = new Dictionary<string, string> { ["synchronous_commit"] = "on" },
            },
            cancellationToken);
        var system = new ChaosSystem(log, folder, redis, postgres, await WebhookSink.StartAsync(cancellationToken));
        try
        {
            await system.StartServicesAsync(cancellationToken);
            return system;
        }
        catch
        {
            await system.DisposeAsync();
            throw;
        }
    }

    public IReadOnlyList<ServiceReplica> Of(ServiceKind kind) => [.. Services.Where(service => service.Kind == kind)];

    /// <summary>Connects to the current Redis. The caller disposes the connection.</summary>
    public Task<ConnectionMultiplexer> ConnectToRedisAsync() => Redis.ConnectAsync(options => options.AbortOnConnectFail = true);

    /// <summary>Runs one command on the current Redis.</summary>
    public async Task<RedisResult> RedisAsync(string command, params object[] arguments)
    {
        await using var redis = await ConnectToRedisAsync();
        return await redis.GetDatabase().ExecuteAsync(command, arguments);
    }

    /// <summary>Starts another Redis with the same options.</summary>
    public Task<RedisServer> StartReplicaAsync(CancellationToken cancellationToken) =>
        RedisServer.StartAsync(RedisOptions(Folder, $"redis-{_formerRedis.Count + 2}"), cancellationToken);

    /// <summary>Switches every service to another Redis, and resets the connections to the former one.</summary>
    public void FailOverTo(RedisServer redis)
    {
        _formerRedis.Add(Redis);
        Redis = redis;
        foreach (var proxy in Services.Select(service => service.ToRedis))
        {
            proxy.UpstreamPort = redis.Port;
            proxy.Reset();
        }
    }

    /// <summary>Switches every service, and this program's own queries, to another Postgres.</summary>
    /// <param name="postgres">The server that new connections lead to.</param>
    /// <param name="resetsConnections">Whether those to the former one are reset, or stay as long as the services keep them.</param>
    public void FailOverTo(PostgresServer postgres, bool resetsConnections = true)
    {
        _formerPostgres.Add(Postgres);
        Postgres = postgres;
        var former = Database;
        Database = OwnSource(new NpgsqlConnectionStringBuilder(_database!.ConnectionString) { Port = postgres.Port }.ConnectionString);
        former.Dispose();
        foreach (var proxy in Services.Select(service => service.ToPostgres))
        {
            proxy.UpstreamPort = postgres.Port;
            if (resetsConnections)
            {
                proxy.Reset();
            }
        }
    }

    /// <summary>Creates another database on the same server. The caller disposes it.</summary>
    public Task<PostgresDatabase> CreateDatabaseAsync(CancellationToken cancellationToken) =>
        Postgres.CreateDatabaseAsync(cancellationToken: cancellationToken);

    /// <summary>The replica of the API whose relay leads; null if none leads now.</summary>
    public async Task<ServiceReplica?> FindLeaderAsync(CancellationToken cancellationToken)
    {
        try
        {
            await using var command = Database.CreateCommand(EmbeddedSql.Read("find_leader.sql"));
            var name = await command.ExecuteScalarAsync(cancellationToken) as string;
            return Services.FirstOrDefault(service => service.Name == name);
        }
        catch (NpgsqlException)
        {
            // Another fault has stopped Postgres, so none leads.
            return null;
        }
    }

    /// <summary>Waits until every service is healthy.</summary>
    public Task WaitUntilHealthyAsync(TimeSpan timeout, CancellationToken cancellationToken) =>
        Task.WhenAll(Services.Select(service => service.WaitUntilHealthyAsync(timeout, cancellationToken)));

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _supervising;
        await Task.WhenAll(Services.Select(service => service.DisposeAsync().AsTask()));
        foreach (var postgres in _formerPostgres.Append(Postgres))
        {
            await postgres.DisposeAsync();
        }

        if (Database is not null)
        {
            await Database.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        foreach (var redis in _formerRedis.Append(Redis))
        {
            await redis.DisposeAsync();
        }

        await Webhooks.DisposeAsync();
        _ending.Dispose();
    }

    private static NpgsqlDataSource OwnSource(string connectionString) =>
        NpgsqlDataSource.Create(connectionString + ";Pooling=false;Timeout=5;Command Timeout=60;Application Name=chaos");

    private async Task StartServicesAsync(CancellationToken cancellationToken)
    {
        _database = await Postgres.CreateDatabaseAsync(cancellationToken: cancellationToken);
        Database = OwnSource(_database.ConnectionString);
        await ServiceAccounts.MigrateAsync(_database.ConnectionString, cancellationToken);
        var settings = QuickSettings.For(Path.Combine(Folder, "mail"));
        Services =
        [
            .. ServiceKind.All.SelectMany(kind => Enumerable.Range(1, Replicas).Select(number =>
                new ServiceReplica(kind, number, Redis.Port, Postgres.Port, _database.Name, settings, Folder))),
        ];
        await Task.WhenAll(Services.Select(service => service.StartAsync()));
        _supervising = Task.Run(SuperviseAsync, CancellationToken.None);
        await WaitUntilHealthyAsync(StartTimeout, cancellationToken);

        await TestKey.AddAsync(Database, cancellationToken);

        // The endpoint must exist before the first order, so that each order has a webhook.
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = Of(ServiceKind.Webhook)[0].Address };
        http.DefaultRequestHeaders.Authorization = TestKey.Header;
        using var answer = await http.PostAsJsonAsync(new Uri("/endpoints", UriKind.Relative), new { url = Webhooks.Url }, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Restarts services that end unexpectedly.</summary>
    private async Task SuperviseAsync()
    {
        using var timer = new PeriodicTimer(SupervisionInterval, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
            {
                foreach (var service in Services)
                {
                    if (await service.ReviveAsync() is { } status)
                    {
                        _log.Write($"{service.Name} ended unexpectedly with status {status}; restarting");
                    }
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The system is being disposed.
        }
    }
}

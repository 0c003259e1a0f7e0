using FanOut.TestServers.Network;

namespace FanOut.Chaos;

/// <summary>One replica of a service: a process that can be killed, stalled and restarted, behind a proxy to Redis and one to Postgres.</summary>
internal sealed class ServiceReplica : IAsyncDisposable
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(40);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, string> _environment;
    private readonly string _log;
    private readonly int _port = LoopbackPort.Next();
    private readonly SemaphoreSlim _changing = new(1, 1);
    private ServiceProcess? _process;
    private bool _wanted;

    public ServiceReplica(
        ServiceKind kind, int number, int redisPort, int postgresPort, string database, Dictionary<string, string> settings, string logFolder)
    {
        Kind = kind;
        Name = $"{kind.Name}-{number}";
        ToRedis = TcpProxy.Start(redisPort);
        ToPostgres = TcpProxy.Start(postgresPort);
        _log = Path.Combine(logFolder, $"{Name}.log");
        _environment = new Dictionary<string, string>(settings)
        {
            ["ConnectionStrings__redis"] = ServiceAccounts.Redis(kind.Project, $"127.0.0.1:{ToRedis.Port},connectTimeout=2000,keepAlive=2"),
            ["ConnectionStrings__fanout"] = ServiceAccounts.Postgres(
                kind.Project,
                $"Host=127.0.0.1;Port={ToPostgres.Port};Database={database};Application Name={Name};Timeout=5;Command Timeout=10;Keepalive=5"),
        };
        Address = new Uri($"http://127.0.0.1:{_port}");
    }

    public ServiceKind Kind { get; }

    public string Name { get; }

    public Uri Address { get; }

    public TcpProxy ToRedis { get; }

    public TcpProxy ToPostgres { get; }

    /// <summary>Starts the process. Does not wait until it is healthy.</summary>
    public Task StartAsync() => ChangeAsync(async () =>
    {
        _wanted = true;
        await LaunchAsync();
        return true;
    });

    /// <summary>Waits until it is healthy.</summary>
    /// <exception cref="TimeoutException">It is not healthy in time.</exception>
    public Task WaitUntilHealthyAsync(TimeSpan timeout, CancellationToken cancellationToken) => Until.TrueAsync(
        async () =>
        {
            try
            {
                await _process!.WaitUntilHealthyAsync(AskAgain, cancellationToken);
                return true;
            }
            catch (TestServerException)
            {
                // It may have ended and been restarted: ask the new process.
                return false;
            }
        },
        timeout,
        $"{Name} to be healthy (see {_log})",
        cancellationToken);

    /// <summary>kill -9, without a restart.</summary>
    public Task KillAsync() => ChangeAsync(async () =>
    {
        _wanted = false;
        await (_process?.KillAsync() ?? Task.CompletedTask);
        return true;
    });

    /// <summary>SIGTERM, without a restart.</summary>
    /// <returns>Whether it ended in time; otherwise it was killed.</returns>
    public Task<bool> StopAsync() => ChangeAsync(async () =>
    {
        _wanted = false;
        return _process is not { } process || await process.StopAsync(StopTimeout);
    });

    /// <summary>SIGSTOP.</summary>
    public Task PauseAsync() => _process!.PauseAsync();

    /// <summary>SIGCONT.</summary>
    public void Resume() => _process?.Resume();

    /// <summary>Restarts it if it ended unexpectedly, as an orchestrator does.</summary>
    /// <returns>Its exit code; null if it is running.</returns>
    public Task<int?> ReviveAsync() => ChangeAsync<int?>(async () =>
    {
        if (!_wanted || _process is not { HasExited: true } ended)
        {
            return null;
        }

        var status = ended.ExitCode;
        await LaunchAsync();
        return status;
    });

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        if (_process is { } process)
        {
            await process.DisposeAsync();
        }

        await ToRedis.DisposeAsync();
        await ToPostgres.DisposeAsync();
        _changing.Dispose();
    }

    private async Task<T> ChangeAsync<T>(Func<Task<T>> change)
    {
        await _changing.WaitAsync();
        try
        {
            return await change();
        }
        finally
        {
            _changing.Release();
        }
    }

    private async Task LaunchAsync()
    {
        if (_process is { } before)
        {
            await before.DisposeAsync();
        }

        _process = await ServiceProcess.LaunchAsync(Name, SourceTree.Program(Kind.Project), [], _environment, _port, _log);
    }
}

/// <summary>A service: the name of its replicas, and its project.</summary>
internal sealed record ServiceKind(string Name, string Project)
{
    public static readonly ServiceKind Api = new("api", "OrderApi");
    public static readonly ServiceKind Webhook = new("webhook", "WebhookWorker");
    public static readonly ServiceKind Analytics = new("analytics", "AnalyticsWorker");
    public static readonly ServiceKind Notification = new("notification", "NotificationWorker");
    public static readonly ServiceKind Reclaimer = new("reclaimer", "Reclaimer");

    public static IReadOnlyList<ServiceKind> All { get; } = [Api, Webhook, Analytics, Notification, Reclaimer];

    public static IReadOnlyList<ServiceKind> Workers { get; } = [Webhook, Analytics, Notification];

    public override string ToString() => Name;
}

using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Retrying;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>Runs the lanes and the retries of one consumer group.</summary>
internal sealed partial class ConsumerGroupService(
    ConsumerGroupRegistration registration,
    ConsumerOptions options,
    EventTypeRegistry eventTypes,
    StreamCatalog catalog,
    RedisConnections connections,
    NpgsqlDataSource postgres,
    IServiceScopeFactory scopes,
    LaneServices services) : BackgroundService
{
    private const string OpenTransactions =
        "It starts with new events, and waits until the transactions that are open on the Postgres server have ended. If that takes long, look for "
        + "an old one in pg_stat_activity (backend_xid, xact_start) and pg_prepared_xacts.";

    private static readonly TimeSpan SubscribeInterval = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(2);

    private readonly string _worker = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}");
    private readonly CancellationTokenSource _abandoning = new();
    private readonly List<Lane> _lanes = [];
    private LaneGate? _gate;
    private WorkerHeartbeat? _heartbeat;
    private string? _startReason = "The group is not registered yet.";

    public GroupName Group => registration.Group;

    private bool IsFull => _gate?.IsFull == true;

    /// <summary>Who paused the group; null where nobody has.</summary>
    public string? PauseReason => services.Pause.Reason;

    /// <summary>Why the group, or a lane of it, does not work; empty while all do.</summary>
    public IReadOnlyList<string> WaitReasons
    {
        get
        {
            if (PauseReason is { } paused)
            {
                return [paused];
            }

            lock (_lanes)
            {
                return Volatile.Read(ref _startReason) is { } reason ? [reason] : [.. _lanes.Select(lane => lane.WaitReason).OfType<string>()];
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await using var _ = cancellationToken.Register(_abandoning.Cancel);
        await base.StopAsync(cancellationToken);
    }

    public override void Dispose()
    {
        _abandoning.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        services.Metrics.Meter.CreateObservableGauge("fanout.lane.paused", Observe, "{lane}", "Lanes that read nothing new, by reason.");
        var handlers = new HandlerRunner(scopes, registration.Subscriptions);
        try
        {
            var group = await RegisterAsync(handlers.Types, stoppingToken);
            _gate = new LaneGate(group, options.PauseAbove, catalog);
            await Task.WhenAll(
            [
                .. Enumerable.Range(0, options.Lanes)
                    .Select(number => KeepAsync(() => RunLaneAsync(group, handlers, number, stoppingToken), stoppingToken)),
                KeepAsync(() => RunRetriesAsync(group, handlers, stoppingToken), stoppingToken),
                KeepAsync(
                    () => RepeatAsync(SubscribeInterval, () => services.Groups.SubscribeAsync(group, handlers.Types, stoppingToken), stoppingToken),
                    stoppingToken),
                KeepAsync(() => RepeatAsync(WorkerHeartbeat.Interval, () => BeatAsync(stoppingToken), stoppingToken), stoppingToken),
            ]);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before the lanes ran.
        }

        await SayStoppedAsync();
    }

    private async Task<RegisteredGroup> RegisterAsync(string[] types, CancellationToken stoppingToken)
    {
        for (var backoff = new Backoff(services.Time); ; await backoff.WaitAsync(stoppingToken))
        {
            try
            {
                var stream = await catalog.GetAsync(registration.Stream, stoppingToken);
                var group = await services.Groups.RegisterAsync(
                    stream, registration.Group, options.Start, options.MaxDeliveries, options.ReclaimAfter, SayWaiting, stoppingToken);
                await services.Groups.SubscribeAsync(group, types, stoppingToken);

                // Before a lane reads: the group may be paused.
                _heartbeat ??= new WorkerHeartbeat(group, _worker, options.Lanes, services);
                await BeatAsync(stoppingToken);
                await services.Groups.CreateInRedisAsync(group);
                Volatile.Write(ref _startReason, null);
                return group;
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Volatile.Write(ref _startReason, $"The group cannot be registered: {EnvironmentFault.Describe(e)}");
                if (backoff.IsFirst)
                {
                    Log.NotRegistered(services.Logger, registration.Group, registration.Stream, EnvironmentFault.Describe(e));
                }
            }
        }
    }

    private void SayWaiting()
    {
        if (Interlocked.Exchange(ref _startReason, OpenTransactions) != OpenTransactions)
        {
            Log.NotRegistered(services.Logger, registration.Group, registration.Stream, OpenTransactions);
        }
    }

    /// <summary>What ends by a fault of its own is started again: the group must not run with fewer lanes unseen.</summary>
    private async Task KeepAsync(Func<Task> run, CancellationToken stoppingToken)
    {
        for (var backoff = new Backoff(services.Time); !stoppingToken.IsCancellationRequested;)
        {
            try
            {
                await run();
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.Failed(services.Logger, registration.Group, e);
                await backoff.WaitAsync(stoppingToken);
            }
        }
    }

    private async Task RunLaneAsync(RegisteredGroup group, HandlerRunner handlers, int number, CancellationToken stoppingToken)
    {
        // Unique for each start, so that a reader of Redis can tell a worker from its predecessor.
        var start = RandomNumberGenerator.GetHexString(6, lowercase: true);
        var name = string.Create(CultureInfo.InvariantCulture, $"{_worker}-{number}-{start}");
        var connection = await connections.ConnectAsync(name, options.BlockFor);
        await using var redis = new LaneRedis(connection, registration.Stream, registration.Group, name, options.BlockFor);
        var processor = new EntryProcessor(group, name, options, postgres, handlers, services.Finished);
        var lane = new Lane(group, options, redis, new DeliveryReader(eventTypes, registration.Subscriptions), processor, _gate!, services);
        lock (_lanes)
        {
            _lanes.Add(lane);
        }

        try
        {
            await lane.RunAsync(stoppingToken, _abandoning.Token);
            await redis.LeaveAsync();
        }
        catch (Exception e) when (EnvironmentFault.Is(e))
        {
            Log.NotLeft(services.Logger, name, registration.Group, EnvironmentFault.Describe(e));
        }
        finally
        {
            lock (_lanes)
            {
                _lanes.Remove(lane);
            }
        }
    }

    private Task RunRetriesAsync(RegisteredGroup group, HandlerRunner handlers, CancellationToken stoppingToken)
    {
        var queue = new RetryQueue(postgres, group, services.Metrics);
        var worker = new RetryWorker(
            group,
            options,
            queue,
            new DeliveryReader(eventTypes, registration.Subscriptions),
            new RetryProcessor(group, $"{_worker}-retries", options, postgres, handlers, services.Finished),
            handlers.Types,
            services);
        return worker.RunAsync(stoppingToken, _abandoning.Token);
    }

    private async Task BeatAsync(CancellationToken cancellationToken)
    {
        var before = PauseReason;
        await BeatOnceAsync();
        if (PauseReason != before)
        {
            // What it has just written is no longer so.
            await BeatOnceAsync();
        }

        if (PauseReason is { } paused && paused != before)
        {
            Log.Paused(services.Logger, registration.Group, paused);
        }
        else if (before is not null && PauseReason is null)
        {
            Log.Resumed(services.Logger, registration.Group);
        }

        Task BeatOnceAsync() =>
            _heartbeat!.BeatAsync(WaitReasons is [var reason, ..] ? reason : null, isStopped: false, cancellationToken);
    }

    private async Task SayStoppedAsync()
    {
        using var timeout = new CancellationTokenSource(StopTimeout, services.Time);
        try
        {
            await (_heartbeat?.BeatAsync(reason: null, isStopped: true, timeout.Token) ?? Task.CompletedTask);
        }
        catch (Exception e) when (EnvironmentFault.Is(e) || timeout.IsCancellationRequested)
        {
            // It is shown as gone.
        }
    }

    private async Task RepeatAsync(TimeSpan interval, Func<Task> run, CancellationToken stoppingToken)
    {
        QuietTrace.Enter();
        using var timer = new PeriodicTimer(interval, services.Time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await run();
            }
            catch (Exception e) when (EnvironmentFault.Is(e))
            {
                // The lanes say that Postgres is away.
            }
        }
    }

    private IEnumerable<Measurement<int>> Observe()
    {
        var reason = PauseReason is not null ? "operator" : IsFull ? "pending" : "environment";
        yield return Measure("operator", reason == "operator" ? options.Lanes : 0);
        yield return Measure("pending", reason == "pending" ? options.Lanes : 0);
        yield return Measure("environment", reason == "environment" ? WaitReasons.Count : 0);

        Measurement<int> Measure(string reason, int lanes)
        {
            var tags = EventBusTelemetry.GroupTags(registration.Stream, registration.Group);
            tags.Add("fanout.reason", reason);
            return new Measurement<int>(lanes, tags);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(221, LogLevel.Warning,
            "Group '{Group}' of stream '{Stream}' cannot be registered yet. It retries automatically. Reason: {Reason}")]
        public static partial void NotRegistered(ILogger logger, GroupName group, StreamName stream, string reason);

        [LoggerMessage(222, LogLevel.Warning, "Lane {Lane} of group '{Group}' could not remove its consumer; the reclaimer does it: {Reason}")]
        public static partial void NotLeft(ILogger logger, string lane, GroupName group, string reason);

        [LoggerMessage(223, LogLevel.Error, "A loop of group '{Group}' ended unexpectedly and is started again.")]
        public static partial void Failed(ILogger logger, GroupName group, Exception exception);

        [LoggerMessage(224, LogLevel.Warning, "Group '{Group}' reads nothing new and retries nothing: {Reason}")]
        public static partial void Paused(ILogger logger, GroupName group, string reason);

        [LoggerMessage(225, LogLevel.Information, "Group '{Group}' was resumed.")]
        public static partial void Resumed(ILogger logger, GroupName group);
    }
}

using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>Runs the lanes of one consumer group and their heartbeats.</summary>
internal sealed partial class ConsumerGroupService(
    ConsumerGroupRegistration registration,
    IOptions<EventBusOptions> busOptions,
    IOptionsMonitor<ConsumerOptions> consumerOptions,
    EventTypeRegistry eventTypes,
    RedisConnections connections,
    IConnectionMultiplexer shared,
    NpgsqlDataSource postgres,
    ConsumerGroups groups,
    DeadLetterProjector deadLetters,
    IServiceScopeFactory scopes,
    EventBusMetrics metrics,
    TimeProvider time,
    ILogger<ConsumerGroupService> logger) : BackgroundService
{
    private readonly ConsumerOptions _options = consumerOptions.Get(registration.Group.Value);
    private readonly CancellationTokenSource _abandoning = new();
    private readonly GroupProgress _progress = new();
    private readonly List<Lane> _lanes = [];
    private PauseGate? _gate;

    public GroupName Group => registration.Group;

    public bool IsPaused => _gate?.IsPaused == true;

    /// <summary>The lanes that wait, and why.</summary>
    public IReadOnlyList<(string Lane, string Trouble)> Troubles
    {
        get
        {
            lock (_lanes)
            {
                return [.. _lanes.Where(lane => lane.Trouble is not null).Select(lane => (lane.Name, lane.Trouble!))];
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
        var stream = new StreamName(busOptions.Value.Stream);
        _gate = new PauseGate(_options.PauseAbove);
        metrics.Meter.CreateObservableGauge("fanout.lane.paused", () => Observe(stream), "{lane}", "Lanes that read nothing new, by reason.");
        try
        {
            await UntilRegisteredAsync(stream, stoppingToken);
            await Task.WhenAll(Enumerable.Range(0, _options.Lanes).Select(number => KeepLaneAsync(stream, number, stoppingToken)));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopped before the lanes ran.
        }
    }

    private async Task UntilRegisteredAsync(StreamName stream, CancellationToken stoppingToken)
    {
        var backoff = new Backoff(time);
        while (true)
        {
            try
            {
                await CheckDurabilityAsync(stoppingToken);
                await groups.RegisterAsync(stream, registration.Group, _options, stoppingToken);
                await groups.EnsureAsync(stream, registration.Group, stoppingToken);
                return;
            }
            catch (Exception e) when (Fault.IsEnvironment(e))
            {
                if (backoff.IsFirst)
                {
                    Log.NotRegistered(logger, registration.Group, stream, Fault.Describe(e));
                }

                await backoff.WaitAsync(stoppingToken);
            }
        }
    }

    private async Task CheckDurabilityAsync(CancellationToken stoppingToken)
    {
        await using var command = postgres.CreateCommand("select current_setting('synchronous_commit')");
        if (await command.ExecuteScalarAsync(stoppingToken) is "off")
        {
            throw new InvalidOperationException(
                "Postgres has synchronous_commit = off for this role or database: a crash of the server would lose effects that Redis was told are done. Set it to on (ALTER ROLE ... SET synchronous_commit = on).");
        }
    }

    /// <summary>A lane that ends by a fault of its own is replaced: the group must not run with fewer lanes unseen.</summary>
    private async Task KeepLaneAsync(StreamName stream, int number, CancellationToken stoppingToken)
    {
        var backoff = new Backoff(time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await RunLaneAsync(stream, number, stoppingToken);
            }
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                Log.LaneFailed(logger, number, registration.Group, e);
                await backoff.WaitAsync(stoppingToken);
            }
        }
    }

    private async Task RunLaneAsync(StreamName stream, int number, CancellationToken stoppingToken)
    {
        // Unique for each start: a worker that comes back must not take over what its predecessor left as if it had never gone.
        var name = string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}-{Environment.ProcessId}-{number}-{RandomNumberGenerator.GetHexString(6, lowercase: true)}");
        await using var redis = new LaneRedis(await connections.ConnectAsync(name, _options.BlockFor), shared, stream, registration.Group, name, _options);
        var lane = new Lane(
            stream,
            registration.Group,
            _options,
            redis,
            new DeliveryReader(eventTypes, registration.Subscriptions, redis.Stream),
            new BatchProcessor(stream, registration.Group, name, _options.MaxDeliveries, postgres, scopes, registration.Subscriptions),
            new Settlement(stream, registration.Group, _options, redis, deadLetters, metrics, logger),
            groups,
            _gate!,
            _progress,
            metrics,
            time,
            logger);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_abandoning.Token);
        var heartbeats = SendHeartbeatsAsync(lane, ended.Token);
        lock (_lanes)
        {
            _lanes.Add(lane);
        }

        try
        {
            await lane.RunAsync(stoppingToken, _abandoning.Token);
        }
        finally
        {
            lock (_lanes)
            {
                _lanes.Remove(lane);
            }

            await ended.CancelAsync();
            await heartbeats;
            await LeaveAsync(lane);
        }
    }

    private async Task SendHeartbeatsAsync(Lane lane, CancellationToken ended)
    {
        using var timer = new PeriodicTimer(_options.Heartbeat, time);
        var isMissed = false;
        try
        {
            do
            {
                if (lane.IsStalled)
                {
                    if (!isMissed)
                    {
                        Log.Stalled(logger, lane.Name, registration.Group, _options.StallAfter);
                    }

                    isMissed = true;
                    continue;
                }

                try
                {
                    await lane.HeartbeatAsync();
                    isMissed = false;
                }
                catch (Exception e) when (!ended.IsCancellationRequested)
                {
                    if (!isMissed)
                    {
                        Log.HeartbeatMissed(logger, lane.Name, registration.Group, Fault.Describe(e));
                    }

                    isMissed = true;
                }
            }
            while (await timer.WaitForNextTickAsync(ended));
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The lane ended.
        }
    }

    private async Task LeaveAsync(Lane lane)
    {
        try
        {
            await lane.LeaveAsync();
        }
        catch (Exception e)
        {
            Log.NotLeft(logger, lane.Name, registration.Group, _options.ReclaimAfter, Fault.Describe(e));
        }
    }

    private IEnumerable<Measurement<int>> Observe(StreamName stream)
    {
        yield return Measure("pending", IsPaused ? _options.Lanes : 0);
        yield return Measure("environment", Troubles.Count);

        Measurement<int> Measure(string reason, int lanes)
        {
            var tags = EventBusTelemetry.GroupTags(stream, registration.Group);
            tags.Add("fanout.reason", reason);
            return new Measurement<int>(lanes, tags);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(221, LogLevel.Warning, "Group '{Group}' of stream '{Stream}' cannot be registered yet and is tried again: {Reason}")]
        public static partial void NotRegistered(ILogger logger, GroupName group, StreamName stream, string reason);

        [LoggerMessage(222, LogLevel.Error, "Lane {Lane} of group '{Group}' has made no step for {StallAfter} (EventBus:Consumer:StallAfter): it gives no more signs of life, and its work goes to other lanes. A handler hangs; set a timeout in it.")]
        public static partial void Stalled(ILogger logger, string lane, GroupName group, TimeSpan stallAfter);

        [LoggerMessage(223, LogLevel.Warning, "Lane {Lane} of group '{Group}' cannot show that it is alive: {Reason}")]
        public static partial void HeartbeatMissed(ILogger logger, string lane, GroupName group, string reason);

        [LoggerMessage(224, LogLevel.Warning, "Lane {Lane} of group '{Group}' could not hand over what it had pending; the reclaimer does it after {ReclaimAfter}: {Reason}")]
        public static partial void NotLeft(ILogger logger, string lane, GroupName group, TimeSpan reclaimAfter, string reason);

        [LoggerMessage(225, LogLevel.Error, "Lane number {Number} of group '{Group}' ended unexpectedly and is started again.")]
        public static partial void LaneFailed(ILogger logger, int number, GroupName group, Exception exception);
    }
}

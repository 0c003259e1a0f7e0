using FanOut.EventBus.Consuming;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>A lane of a group. Its heartbeats are steps of their own.</summary>
internal sealed class LaneActor : GatedActor
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Lane _lane;

    public LaneActor(ProtocolWorld world, GroupName group, string name)
        : base(name, world.Connection, world.ConnectionString)
    {
        Group = group;
        IReadOnlyList<Subscription> subscriptions = [new BatchHandlerSubscription<Ping, ProtocolHandler>(world.Services.GetRequiredService<EventTypeRegistry>().Get(typeof(Ping)))];
        var redis = new LaneRedis(Redis, Redis, world.Stream, group, name, ProtocolWorld.Options);
        var metrics = world.Services.GetRequiredService<EventBusMetrics>();
        _lane = new Lane(
            world.Stream,
            group,
            ProtocolWorld.Options,
            redis,
            new DeliveryReader(world.Services.GetRequiredService<EventTypeRegistry>(), subscriptions, redis.Stream),
            new BatchProcessor(world.Stream, group, name, ProtocolWorld.Options.MaxDeliveries, Postgres, world.Services.GetRequiredService<IServiceScopeFactory>(), subscriptions),
            new Settlement(world.Stream, group, ProtocolWorld.Options, redis, new DeadLetterProjector(Redis, Postgres), metrics, NullLogger.Instance),
            new ConsumerGroups(Redis, Postgres),
            new PauseGate(ProtocolWorld.Options.PauseAbove),
            world.Progress(group),
            metrics,
            ProtocolWorld.Time,
            NullLogger.Instance);
    }

    public GroupName Group { get; }

    /// <summary>Wants to show that it is alive: in its turn.</summary>
    public void Beat() => _ = _lane.HeartbeatAsync().ContinueWith(beat => beat.Exception, TaskScheduler.Default);

    /// <summary>SIGTERM.</summary>
    public void Stop() => _stopping.Cancel();

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _stopping.Dispose();
    }

    protected override async Task RunAsync()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token, Dying);
        Beat();
        await _lane.RunAsync(stopping.Token, Dying);
        try
        {
            await _lane.LeaveAsync();
        }
        catch (Exception e) when (Fault.IsEnvironment(e))
        {
            // As a worker does: what it could not hand over the reclaimer gives away.
        }
    }
}

using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Retrying;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>One loop of a group's worker: a lane, or the retries. An old version of the worker knows one type of event fewer.</summary>
internal sealed class WorkerActor : GatedActor
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly Func<CancellationToken, CancellationToken, Task> _run;

    public WorkerActor(ProtocolWorld world, RegisteredGroup group, string name, bool isLane, bool isOld)
        : base(name, world.Connection, world.ConnectionString, gatesPostgres: true)
    {
        (Group, IsLane, IsOld) = (group, isLane, isOld);
        var types = world.Services.GetRequiredService<EventTypeRegistry>();
        List<Subscription> subscriptions = [new BatchHandlerSubscription<Ping, ProtocolBatchHandler>(types.Get(typeof(Ping)))];
        if (!isOld)
        {
            subscriptions.Add(new HandlerSubscription<Invoiced, ProtocolHandler>(types.Get(typeof(Invoiced))));
        }

        var handlers = new HandlerRunner(world.Services.GetRequiredService<IServiceScopeFactory>(), subscriptions);
        var reader = new DeliveryReader(types, subscriptions);
        var options = ProtocolWorld.Options;
        var services = new LaneServices(
            new ConsumerGroups(Redis, Postgres, ProtocolWorld.Time), world.Services.GetRequiredService<EventBusMetrics>(), _ => { },
                ProtocolWorld.Time,
            NullLogger.Instance);
        if (isLane)
        {
            var redis = new LaneRedis(Redis, world.Stream, group.Name, name, options.BlockFor);
            var processor = new EntryProcessor(group, name, options, Postgres, handlers, services.Finished);
            var gate = new LaneGate(group, options.PauseAbove, new StreamCatalog(Postgres));
            _run = new Lane(group, options, redis, reader, processor, gate, services).RunAsync;
        }
        else
        {
            var processor = new RetryProcessor(group, name, options, Postgres, handlers, services.Finished);
            _run = new RetryWorker(group, options, new RetryQueue(Postgres, group), reader, processor, handlers.Types, services).RunAsync;
        }
    }

    public RegisteredGroup Group { get; }

    public bool IsLane { get; }

    public bool IsOld { get; }

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
        await _run(stopping.Token, Dying);
    }
}

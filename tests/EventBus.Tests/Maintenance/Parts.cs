using FanOut.EventBus.Groups;
using FanOut.EventBus.Maintenance;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

/// <summary>The parts of one replica of the reclaimer, each to be run by hand.</summary>
internal sealed class Parts(BusWorld world, string replica = "reclaimer-1", NpgsqlDataSource? postgres = null, TimeProvider? time = null)
{
    private readonly EventBusMetrics _metrics = new(
        new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>());

    private readonly NpgsqlDataSource _postgres = postgres ?? world.Postgres;
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private IConnectionMultiplexer Redis => world.ServiceConnection;

    private ConsumerGroups Groups => new(Redis, _postgres, _time);

    private StreamOwnership Ownership => new(Redis, new StreamCatalog(_postgres), NullLogger<StreamOwnership>.Instance);

    public Task ReclaimAsync(RegisteredGroup group) =>
        new PendingReclaimer(Redis, _postgres, Groups, Ownership, group, replica, _metrics, NullLogger<PendingReclaimer>.Instance)
            .PassAsync(Cancellation);

    public Task MaintainConsumersAsync(RegisteredGroup group) => new ConsumerUpkeep(Redis, group, replica).PassAsync(Cancellation);

    public DoneThrough DoneThrough(RegisteredGroup group) => new(_postgres, group, _time, NullLogger<DoneThrough>.Instance);

    public LostEvents LostEvents(RegisteredGroup group) => new(Redis, _postgres, Ownership, group, _metrics, NullLogger<LostEvents>.Instance);

    public async Task<bool> TrimAsync() =>
        await new StreamTrimmer(Redis, Groups, Ownership, world.Identity, _metrics, NullLogger<StreamTrimmer>.Instance).PassAsync(Cancellation);

    public PartitionsAhead Ahead() => new(_postgres, world.Identity, _time, NullLogger<PartitionsAhead>.Instance);

    public OutboxPruner Pruner(TimeSpan keepFor) => new(_postgres, Groups, world.Identity, keepFor, _time, NullLogger<OutboxPruner>.Instance);
}

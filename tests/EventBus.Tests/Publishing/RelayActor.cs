using FanOut.TestServers.Gates;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>A relay each of whose calls to Postgres and Redis waits for its turn, and may lose its reply.</summary>
internal sealed class RelayActor(BusWorld bus, string name, Action<OutboxOptions>? configure = null)
    : GatedActor(name, bus.ServiceConnection, bus.Database.ConnectionString, gatesPostgres: true)
{
    protected override async Task RunAsync()
    {
        await using var relay = await ManualRelay.CreateAsync(bus, Redis, Postgres, configure);
        await relay.RunAsync(Dying);
    }
}

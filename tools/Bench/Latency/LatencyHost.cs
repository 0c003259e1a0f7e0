using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench.Latency;

/// <summary>A publisher and a worker of one stream, in this process, so that both times come from one clock.</summary>
internal sealed class LatencyHost(IHost host, PostgresDatabase database, LatencyRecorders recorders) : IAsyncDisposable
{
    public IServiceProvider Services => host.Services;

    public PostgresDatabase Database => database;

    public LatencyRecorders Recorders => recorders;

    public static async Task<LatencyHost> StartAsync(
        BenchServers servers, StreamName stream, Action<EventBusBuilder> addPublisher, CancellationToken cancellationToken)
    {
        var group = new GroupName("timed");
        var database = await servers.CreateDatabaseAsync(cancellationToken);
        var recorders = new LatencyRecorders();
        var host = BusHost.Create(servers, database.DataSource, stream, bus =>
        {
            bus.Services.AddSingleton(recorders);
            bus.AddEvent(TimedEvent.EventType, BenchJson.Default.TimedEvent);
            addPublisher(bus);
            bus.AddConsumerGroup(group.Value, options => options.Start = GroupStart.Earliest).SubscribeBatch<TimedEvent, LatencyHandler>();
        });
        await host.StartAsync(cancellationToken);
        var lanes = StreamKeys.Lanes(stream, group);
        await Until.TrueAsync(async () => await servers.Redis.SortedSetLengthAsync(lanes) > 0, "the lanes to run", cancellationToken);
        return new LatencyHost(host, database, recorders);
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
        await database.DisposeAsync();
    }
}

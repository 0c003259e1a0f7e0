using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench.Latency;

/// <summary>A publisher and a worker of one stream, in this process, so that both times come from one clock.</summary>
internal sealed class LatencyHost(IHost host, PostgresDatabase database, LatencyRecorders recorders) : IAsyncDisposable
{
    public IServiceProvider Services => host.Services;

    public PostgresDatabase Database => database;

    public LatencyRecorders Recorders => recorders;

    public static async Task<LatencyHost> StartAsync(BenchServers servers, StreamName stream, CancellationToken cancellationToken)
    {
        const string Group = "timed";
        var database = await servers.CreateDatabaseAsync(cancellationToken);
        var recorders = new LatencyRecorders();
        var host = BusHost.Create(servers, database.DataSource, stream, bus =>
        {
            bus.Services.AddSingleton(recorders);
            bus.AddOutbox().AddConsumerGroup(Group, handlers => handlers.SubscribeBatch<TimedEvent, LatencyHandler>());
        });
        await host.StartAsync(cancellationToken);
        await Until.TrueAsync(HasGroupAsync, "the lanes to begin", cancellationToken);
        return new LatencyHost(host, database, recorders);

        async Task<bool> HasGroupAsync()
        {
            var key = StreamKeys.Stream(stream);
            return await servers.Redis.KeyExistsAsync(key) && (await servers.Redis.StreamGroupInfoAsync(key)).Length > 0;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
        await database.DisposeAsync();
    }
}

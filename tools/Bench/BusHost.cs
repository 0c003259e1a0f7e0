using FanOut.Bench.Latency;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench;

/// <summary>Hosts with the event bus in this process, without logs.</summary>
internal static class BusHost
{
    /// <param name="servers">Where the stream is.</param>
    /// <param name="postgres">The database with its outbox.</param>
    /// <param name="stream">The only stream of the host; the benchmark's event types are registered.</param>
    /// <param name="add">Adds the parts of the stream.</param>
    public static IHost Create(BenchServers servers, NpgsqlDataSource postgres, StreamName stream, Action<EventStreamBuilder> add)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "bench" });
        builder.Services.AddMetrics();
        builder.Services.AddLogging();
        builder.Services.AddSingleton<IConnectionMultiplexer>(servers.Connection);
        builder.Services.AddSingleton(postgres);
        builder.AddEventBus()
            .AddEvent(BenchOrder.EventType, BenchJson.Default.BenchOrder)
            .AddEvent(TimedEvent.EventType, BenchJson.Default.TimedEvent)
            .AddStream(stream.Value, add);
        return builder.Build();
    }

    /// <summary>Creates the tables of the event bus, and registers the stream.</summary>
    public static async Task<StreamIdentity> MigrateAsync(
        BenchServers servers, NpgsqlDataSource postgres, StreamName stream, CancellationToken cancellationToken)
    {
        using var host = Create(servers, postgres, stream, _ => { });
        await host.StartAsync(cancellationToken);
        var identity = await host.Services.GetRequiredService<StreamCatalog>().GetAsync(stream, cancellationToken);
        await host.StopAsync(cancellationToken);
        return identity;
    }

    /// <summary>Creates the tables of the event bus, and registers a stream and a group of it.</summary>
    public static async Task<RegisteredGroup> RegisterAsync(
        BenchServers servers, NpgsqlDataSource postgres, StreamName stream, GroupName group, CancellationToken cancellationToken)
    {
        using var host = Create(servers, postgres, stream, _ => { });
        await host.StartAsync(cancellationToken);
        var identity = await host.Services.GetRequiredService<StreamCatalog>().GetAsync(stream, cancellationToken);
        var registered = await host.Services.GetRequiredService<ConsumerGroups>().RegisterAsync(
            identity, group, GroupStart.Earliest, maxDeliveries: 4, TimeSpan.FromMinutes(1), waiting: () => { }, cancellationToken);
        await host.StopAsync(cancellationToken);
        return registered;
    }
}

using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench;

/// <summary>Hosts with the event bus in this process, without logs.</summary>
internal static class BusHost
{
    public static IHost Create(BenchServers servers, NpgsqlDataSource postgres, StreamName stream, Action<EventBusBuilder> add)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "bench" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["EventBus:Stream"] = stream.Value });
        builder.Services.AddMetrics();
        builder.Services.AddLogging();
        builder.Services.AddSingleton<IConnectionMultiplexer>(servers.Connection);
        builder.Services.AddSingleton(postgres);
        add(builder.AddEventBus());
        return builder.Build();
    }

    /// <summary>Creates the tables of the event bus.</summary>
    public static async Task MigrateAsync(BenchServers servers, NpgsqlDataSource postgres, StreamName stream, CancellationToken cancellationToken)
    {
        using var host = Create(servers, postgres, stream, _ => { });
        await host.StartAsync(cancellationToken);
        await host.StopAsync(cancellationToken);
    }
}

using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>A relay or a reclaimer: the background services of one stream, taken out of the host they would run in.</summary>
internal sealed class HostedActor : GatedActor
{
    private readonly IHost _host;
    private readonly Func<IServiceProvider, IEnumerable<IHostedService>> _services;

    /// <param name="world">Where.</param>
    /// <param name="name">The actor's name.</param>
    /// <param name="add">Adds the part.</param>
    /// <param name="services">What runs of it: each is started, and the last is waited for.</param>
    /// <param name="time">Its clock.</param>
    public HostedActor(
        ProtocolWorld world,
        string name,
        Action<EventStreamBuilder> add,
        Func<IServiceProvider, IEnumerable<IHostedService>> services,
        TimeProvider time)
        : base(name, world.Connection, world.ConnectionString, gatesPostgres: true)
    {
        var builder = ProtocolWorld.CreateHost();
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(Redis);
        builder.Services.AddSingleton(Postgres);
        builder.Services.AddSingleton(BusWorld.NothingToMigrate(Postgres));
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(world.Stream.Value, add);
        _host = builder.Build();
        _services = services;
    }

    public IServiceProvider Services => _host.Services;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _host.Dispose();
    }

    protected override async Task RunAsync()
    {
        IHostedService[] services = [.. _services(_host.Services)];
        foreach (var service in services)
        {
            if (service is IHostedLifecycleService first)
            {
                await first.StartingAsync(Dying);
            }

            await service.StartAsync(Dying);
        }

        await ((BackgroundService)services[^1]).ExecuteTask!;
    }
}

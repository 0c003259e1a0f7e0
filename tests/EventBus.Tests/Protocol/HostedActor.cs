using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>A relay or a reclaimer: one background service, taken out of the host it would run in.</summary>
internal sealed class HostedActor<TService> : GatedActor
    where TService : BackgroundService
{
    private readonly IHost _host;

    public HostedActor(ProtocolWorld world, string name, Action<EventBusBuilder> add, TimeProvider time)
        : base(name, world.Connection, world.ConnectionString)
    {
        var builder = world.CreateHost();
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton(Redis);
        builder.Services.AddSingleton(Postgres);
        add(builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping));
        _host = builder.Build();
    }

    public IServiceProvider Services => _host.Services;

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _host.Dispose();
    }

    protected override async Task RunAsync()
    {
        var service = _host.Services.GetRequiredService<TService>();
        await service.StartAsync(Dying);
        await service.ExecuteTask!;
    }
}

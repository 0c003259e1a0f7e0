using FanOut.EventBus.Consuming;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Reclaiming;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>Somebody who redrives what is dead, once.</summary>
internal sealed class OperatorActor(ProtocolWorld world, string name) : GatedActor(name, world.Connection, world.ConnectionString)
{
    protected override async Task RunAsync()
    {
        var builder = world.CreateHost();
        builder.Services.AddSingleton(Redis);
        builder.Services.AddSingleton(Postgres);
        builder.AddEventBus().AddReclaimer();
        using var host = builder.Build();
        try
        {
            await host.Services.GetRequiredService<DeadLetterQueue>().RedriveAsync(new DeadLetterFilter(), "ada", null, 20, Dying);
        }
        catch (Exception e) when (Fault.IsEnvironment(e) || e is TimeoutException or OperationCanceledException)
        {
            // Told to try again, which somebody will.
        }
    }
}

using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>A person who redrives what is dead, undoes it, and redrives it once more.</summary>
internal sealed class OperatorActor(ProtocolWorld world, string name)
    : GatedActor(name, world.Connection, world.ConnectionString, gatesPostgres: true)
{
    protected override async Task RunAsync()
    {
        var builder = ProtocolWorld.CreateHost();
        builder.Services.AddSingleton(Redis);
        builder.Services.AddSingleton(Postgres);
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddDeadLetters());
        using var host = builder.Build();
        try
        {
            var (letters, change) = (host.Services.GetRequiredService<DeadLetterQueue>(), Guid.NewGuid());
            await letters.RedriveAsync(new DeadLetterFilter(), "ada", change, null, Dying);
            await letters.UndoAsync(change, "ada", Dying);
            await letters.RedriveAsync(new DeadLetterFilter(), "ada", Dying);
        }
        catch (Exception e) when (EnvironmentFault.Is(e) || e is TimeoutException or OperationCanceledException)
        {
            // The person is told to try again.
        }
    }
}

using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.EventBus.DeadLetters;

/// <summary>Adds access to dead letters to the event bus.</summary>
public static class DeadLetterEventBusBuilderExtensions
{
    /// <summary>Adds the <see cref="DeadLetterQueue"/>, for a process that shows dead letters or decides about them. A process with a reclaimer has it already; some reclaimer must run for redriven events to be sure to arrive.</summary>
    /// <param name="bus">The event bus.</param>
    /// <returns>The event bus.</returns>
    public static EventBusBuilder AddDeadLetters(this EventBusBuilder bus)
    {
        ArgumentNullException.ThrowIfNull(bus);
        bus.AddStorage();
        bus.Services.TryAddSingleton<Redrive>();
        bus.Services.TryAddSingleton(provider => new DeadLetterQueue(
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<DeadLetterProjector>(),
            provider.GetRequiredService<Redrive>(),
            provider.GetRequiredService<EventBusMetrics>(),
            provider.GetRequiredService<IOptions<EventBusOptions>>()));
        return bus;
    }
}

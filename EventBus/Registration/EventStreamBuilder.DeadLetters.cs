using FanOut.EventBus.Groups;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus;

public sealed partial class EventStreamBuilder
{
    /// <summary>
    /// Adds the <see cref="DeadLetterQueue"/> of this stream, for a process that shows dead letters or decides about them. A
    /// process with a reclaimer has it already.
    /// </summary>
    /// <returns>This builder.</returns>
    public EventStreamBuilder AddDeadLetters()
    {
        AddSingleton(provider => new DeadLetterQueue(
            Name,
            provider.GetRequiredService<StreamCatalog>(),
            provider.GetRequiredService<NpgsqlDataSource>(),
            provider.GetRequiredService<EventBusMetrics>()));
        return this;
    }
}

using FanOut.EventBus.Wire;

namespace FanOut.EventBus.Retrying;

/// <summary>A claimed row of the retry queue.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Event">The event, as it was.</param>
/// <param name="Attempts">Deliveries that ended in a failure or not at all; of a row that was claimed alone, the present one included.</param>
internal sealed record RetryRow(long Number, WireEvent Event, int Attempts);

namespace FanOut.EventBus.Publishing;

/// <summary>What stands on the stream or in the outbox contradicts what was decided: the relay must not go on.</summary>
internal sealed class RelayConflictException(string message) : Exception(message);

namespace FanOut.EventBus.Consuming;

/// <summary>Every event of a batch failed in the same way, which speaks for a fault of the environment.</summary>
internal sealed class AllFailedAlikeException(int count, Exception first) : Exception($"All {count} events of a batch failed alike: {Fault.Describe(first)}", first);

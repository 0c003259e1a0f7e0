namespace FanOut.EventBus;

/// <summary>The streams of this process.</summary>
internal sealed class StreamNames : HashSet<StreamName>;

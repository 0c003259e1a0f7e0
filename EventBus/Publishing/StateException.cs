namespace FanOut.EventBus.Publishing;

/// <summary>The state beside the stream is none that this relay may go on from. A person has to look.</summary>
internal sealed class StateException(string message) : InvalidOperationException(message);

namespace FanOut.EventBus.Consuming;

/// <summary>A fault of the environment, by its kind, that came up in a handler and may be of its making.</summary>
internal sealed class SuspectedHandlerException(Exception fault) : Exception(fault.Message, fault);

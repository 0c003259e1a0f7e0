namespace FanOut.Cli.Verify;

/// <param name="Kind">missing, doubled or stuck.</param>
/// <param name="Group">The consumer group; null where it is about orders, outbox or stream.</param>
/// <param name="Order">The order's id, as far as known.</param>
/// <param name="Event">The event's id, as far as known.</param>
/// <param name="Entry">The id on the stream, as far as there is one.</param>
/// <param name="Detail">What was seen, and what to do.</param>
internal sealed record Problem(string Kind, string? Group, string? Order, Guid? Event, string? Entry, string Detail);

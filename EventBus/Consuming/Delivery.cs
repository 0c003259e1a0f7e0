using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>One event as it is given to a handler: an entry that a lane has read, or a row of the retry queue.</summary>
internal sealed class Delivery
{
    /// <summary>The entry's id on the stream; null for a row of the retry queue.</summary>
    public RedisValue EntryId { get; init; }

    /// <summary>The row's number; 0 for an entry.</summary>
    public long Row { get; init; }

    /// <summary>The entry's fields; empty for a row.</summary>
    public NameValueEntry[] Fields { get; init; } = [];

    /// <summary>The number of this delivery, from 1.</summary>
    public required int Number { get; init; }

    public WireEvent Event { get; init; }

    /// <summary>Why the entry is no event at all; null where it is one.</summary>
    public string? Malformed { get; init; }

    /// <summary>Null where no handler of this process handles the event's type.</summary>
    public EventType? Type { get; init; }

    /// <summary>Null where no handler wants it or it could not be read.</summary>
    public object? Data { get; init; }

    /// <summary>Why the data could not be read; null where it was.</summary>
    public string? DataError { get; init; }
}

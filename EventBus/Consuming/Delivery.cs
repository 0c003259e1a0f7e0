using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>One entry as it was delivered to a lane.</summary>
internal sealed class Delivery
{
    /// <summary>The key whose pending entries list holds it: the stream, or the group's redrive stream.</summary>
    public required RedisKey Key { get; init; }

    /// <summary>Its id under <see cref="Key"/>.</summary>
    public required RedisValue PendingId { get; init; }

    /// <summary>Its id on the stream; differs from <see cref="PendingId"/> where it was redriven.</summary>
    public required EntryId Entry { get; init; }

    /// <summary>How often it has been delivered, this time included.</summary>
    public required int Count { get; init; }

    /// <summary>Whether it was pending before: it had been parked, or left by a lane, and was handed over.</summary>
    public bool WasHandedOver { get; init; }

    public required NameValueEntry[] Fields { get; init; }

    public WireEvent Event { get; init; }

    /// <summary>Null where no handler of this process wants the event.</summary>
    public EventType? Type { get; init; }

    public object? Data { get; init; }

    /// <summary>Why it can never be handled; null for an event.</summary>
    public string? Malformed { get; init; }

    /// <summary>The next delivery of the same entry.</summary>
    public Delivery Again() => new() { Key = Key, PendingId = PendingId, Entry = Entry, Count = Count + 1, WasHandedOver = true, Fields = Fields, Event = Event, Type = Type, Data = Data, Malformed = Malformed };
}

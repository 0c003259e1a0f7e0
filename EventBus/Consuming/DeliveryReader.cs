using System.Text.Json;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>Makes deliveries of entries: reads the event and its data once, before any transaction is open.</summary>
internal sealed class DeliveryReader(EventTypeRegistry eventTypes, IReadOnlyList<Subscription> subscriptions, RedisKey stream)
{
    private readonly HashSet<EventType> _wanted = [.. subscriptions.Select(subscription => subscription.Type)];

    /// <returns>Null where the id can't be mapped to an int8: no publisher of ours writes such ids, and the inbox can't hold them.</returns>
    public Delivery? Read(RedisKey key, StreamEntry entry, int count)
    {
        if (!EntryId.TryParse(((ReadOnlyMemory<byte>)entry.Id).Span, out var id))
        {
            return null;
        }

        var fields = entry.Values;
        if (key != stream)
        {
            // A redriven entry says first which entry of the stream it stands for.
            if (fields.Length == 0 || fields[0].Name != EventFields.Entry || !EntryId.TryParse(((ReadOnlyMemory<byte>)fields[0].Value).Span, out id))
            {
                return null;
            }

            fields = fields[1..];
        }

        var malformed = WireEvent.TryRead(fields, out var wire);
        EventType? type = null;
        object? data = null;
        if (malformed is null && eventTypes.Find(wire.Type) is { } known && _wanted.Contains(known))
        {
            type = known;
            try
            {
                data = JsonSerializer.Deserialize(wire.Data.Span, known.Json) ?? throw new JsonException("The data is null.");
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Also what a constructor, a setter or a converter of the data type throws: the same bytes will never be read.
                malformed = $"The data of this '{known.Name}' event is not a {known.DataType.Name}: {e.Message}";
            }
        }

        return new Delivery { Key = key, PendingId = entry.Id, Entry = id, Count = count, Fields = fields, Event = wire, Type = type, Data = data, Malformed = malformed };
    }
}

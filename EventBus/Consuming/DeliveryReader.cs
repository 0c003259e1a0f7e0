using System.Text.Json;
using FanOut.EventBus.Retrying;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>Makes deliveries of entries and of retry rows: reads the event and its data once, before any transaction is open.</summary>
internal sealed class DeliveryReader(EventTypeRegistry eventTypes, IReadOnlyList<Subscription> subscriptions)
{
    private readonly HashSet<EventType> _handled = [.. subscriptions.Select(subscription => subscription.Type)];

    public Delivery Read(StreamEntry entry)
    {
        var malformed = WireEvent.TryRead(entry.Values, out var wire);
        return malformed is null
            ? Read(wire, entry.Id, entry.Values, row: 0, number: 1)
            : new Delivery { EntryId = entry.Id, Fields = entry.Values, Malformed = malformed, Number = 1 };
    }

    /// <param name="row">A claimed row.</param>
    /// <param name="isCounted">Whether its attempts include the present one: of a row that was claimed alone.</param>
    public Delivery Read(RetryRow row, bool isCounted) =>
        Read(row.Event, RedisValue.Null, [], row.Number, isCounted ? row.Attempts : row.Attempts + 1);

    private Delivery Read(WireEvent wire, RedisValue entryId, NameValueEntry[] fields, long row, int number)
    {
        EventType? type = null;
        object? data = null;
        string? error = null;
        if (eventTypes.Find(wire.Type) is { } known && _handled.Contains(known))
        {
            type = known;
            try
            {
                data = JsonSerializer.Deserialize(wire.Data.Span, known.Json) ?? throw new JsonException("The data is null.");
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // Also what a constructor, a setter or a converter of the data type throws.
                error = $"The data of this '{known.Name}' event could not be read as {known.DataType.Name}: {e.Message}";
            }
        }

        return new Delivery
        {
            EntryId = entryId,
            Row = row,
            Fields = fields,
            Number = number,
            Event = wire,
            Type = type,
            Data = data,
            DataError = error,
        };
    }
}

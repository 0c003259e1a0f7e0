using System.Text;
using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>The event types this process knows.</summary>
internal sealed class EventTypeRegistry
{
    private readonly List<(byte[] Name, EventType EventType)> _byName = [];
    private readonly Dictionary<Type, EventType> _byDataType = [];

    public void Add(EventType eventType)
    {
        var name = Encoding.UTF8.GetBytes(eventType.Name);
        if (_byName.Exists(known => known.Name.AsSpan().SequenceEqual(name)))
        {
            throw new InvalidOperationException($"The event type '{eventType.Name}' is registered twice: call AddEvent once for each type.");
        }

        if (!_byDataType.TryAdd(eventType.DataType, eventType))
        {
            throw new InvalidOperationException(
                $"{eventType.DataType} is registered for the event types '{_byDataType[eventType.DataType].Name}' and '{eventType.Name}': "
                + "use one data type for each event type.");
        }

        _byName.Add((name, eventType));
    }

    public EventType? Find(RedisValue name)
    {
        foreach (var (known, eventType) in _byName)
        {
            if (RedisText.Is(name, known))
            {
                return eventType;
            }
        }

        return null;
    }

    public EventType Get(Type dataType) => _byDataType.TryGetValue(dataType, out var eventType)
        ? eventType
        : throw new InvalidOperationException(
            $"{dataType} is not a registered event: call AddEvent<{dataType.Name}>(type, jsonTypeInfo) after AddEventBus().");
}

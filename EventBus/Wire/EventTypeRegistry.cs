using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>The event types this process knows.</summary>
internal sealed class EventTypeRegistry
{
    private readonly Dictionary<RedisValue, EventType> _byName = [];
    private readonly Dictionary<Type, EventType> _byDataType = [];

    public void Add(EventType eventType)
    {
        if (!_byName.TryAdd(eventType.Name, eventType))
        {
            throw new InvalidOperationException($"The event type '{eventType.Name}' is registered twice: call AddEvent once for each type.");
        }

        if (!_byDataType.TryAdd(eventType.DataType, eventType))
        {
            throw new InvalidOperationException($"{eventType.DataType} is registered for the event types '{_byDataType[eventType.DataType].Name}' and '{eventType.Name}': use one data type for each event type.");
        }
    }

    public EventType? Find(RedisValue name) => _byName.GetValueOrDefault(name);

    public EventType Get(Type dataType) => _byDataType.TryGetValue(dataType, out var eventType)
        ? eventType
        : throw new InvalidOperationException($"{dataType} is not a registered event: call AddEvent<{dataType.Name}>(type, jsonTypeInfo) after AddEventBus().");
}

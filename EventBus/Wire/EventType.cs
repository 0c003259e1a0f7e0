using System.Text.Json.Serialization.Metadata;

namespace FanOut.EventBus.Wire;

/// <summary>An event type: its name on the wire and how its data is written as JSON.</summary>
internal sealed class EventType(string name, Type dataType, JsonTypeInfo json)
{
    public string Name { get; } = name;

    public Type DataType { get; } = dataType;

    public JsonTypeInfo Json { get; } = json;
}

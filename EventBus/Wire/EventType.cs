using System.Text.Json.Serialization.Metadata;

namespace FanOut.EventBus.Wire;

/// <summary>An event type: its name on the wire and how its data is written as JSON.</summary>
internal sealed record EventType(string Name, Type DataType, JsonTypeInfo Json);

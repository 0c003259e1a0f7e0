using System.Text.Json.Serialization;

namespace FanOut.EventBus.Wire;

/// <summary>JSON of the bus itself: headers, and the fields of an entry that is no event.</summary>
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class WireJson : JsonSerializerContext;

using System.Text.Json.Serialization;

namespace FanOut.EventBus.Wire;

/// <summary>JSON of the bus itself: headers, the fields of an entry that is no event, and the history of a dead letter.</summary>
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(DeadLetterMoment[]))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(string[]))]
internal sealed partial class WireJson : JsonSerializerContext;

using System.Text.Json.Serialization;

namespace FanOut.Contracts.Operations;

/// <summary>How streams, groups, dead letters and the Kafka trigger are written in JSON: camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(StreamList))]
[JsonSerializable(typeof(GroupList))]
[JsonSerializable(typeof(GroupStatus))]
[JsonSerializable(typeof(DeadLetter))]
[JsonSerializable(typeof(DeadLetterPage))]
[JsonSerializable(typeof(DeadLetterDetails))]
[JsonSerializable(typeof(Decide))]
[JsonSerializable(typeof(DecideMany))]
[JsonSerializable(typeof(DecidedMany))]
[JsonSerializable(typeof(KafkaTriggerStatus))]
public sealed partial class OperationsJson : JsonSerializerContext;

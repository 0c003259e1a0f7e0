using System.Text.Json;
using System.Text.Json.Serialization;
using FanOut.Bench.Latency;

namespace FanOut.Bench.Running;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BenchOrder))]
[JsonSerializable(typeof(TimedEvent))]
internal sealed partial class BenchJson : JsonSerializerContext;

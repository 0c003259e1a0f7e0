using System.Text.Json;
using System.Text.Json.Serialization;

namespace FanOut.Bench.Running;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(BenchOrder))]
internal sealed partial class BenchJson : JsonSerializerContext;

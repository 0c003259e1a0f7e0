using System.Text.Json;
using System.Text.Json.Serialization;

namespace FanOut.Bench.Reporting;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(BenchResults))]
internal sealed partial class BenchResultsJson : JsonSerializerContext;

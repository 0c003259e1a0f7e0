using System.Text.Json.Serialization;

namespace FanOut.Cli.Demo;

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(OrderAnswer))]
[JsonSerializable(typeof(FileOrder))]
internal sealed partial class DemoJson : JsonSerializerContext;

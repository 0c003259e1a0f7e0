using System.Text.Json;
using System.Text.Json.Serialization;

namespace FanOut.EventBus.Tests;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Ping))]
[JsonSerializable(typeof(Invoiced))]
[JsonSerializable(typeof(string))]
internal sealed partial class PingJson : JsonSerializerContext;

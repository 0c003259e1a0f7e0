using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace FanOut.Cli.Customers;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(CustomerErasure))]
internal sealed partial class CustomerJson : JsonSerializerContext;

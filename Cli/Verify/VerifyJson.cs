using System.Text.Json.Serialization;

namespace FanOut.Cli.Verify;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(SystemVerification))]
internal sealed partial class VerifyJson : JsonSerializerContext;

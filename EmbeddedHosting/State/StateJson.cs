using System.Text.Json.Serialization;
using FanOut.EmbeddedHosting.Processes;

namespace FanOut.EmbeddedHosting.State;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(HostState))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(List<LedgerEntry>))]
internal sealed partial class StateJson : JsonSerializerContext;

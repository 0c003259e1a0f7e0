using System.Text.Json;
using System.Text.Json.Serialization;

namespace FanOut.Chaos.Deployments;

/// <summary>An event that chaos publishes to the orders' stream. No service handles it.</summary>
internal sealed record Note(int Number)
{
    public const string OldType = "chaos.noted";
    public const string NewType = "chaos.noted_new";
}

/// <summary>The new type's data.</summary>
internal sealed record NewNote(int Number);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Note))]
[JsonSerializable(typeof(NewNote))]
internal sealed partial class NoteJson : JsonSerializerContext;

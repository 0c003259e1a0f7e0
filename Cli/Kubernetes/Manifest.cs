using System.Text.Json.Nodes;

namespace FanOut.Cli.Kubernetes;

/// <summary>One rendered object, as text and, once it has been read, as its API type.</summary>
internal sealed class Manifest(JsonObject body, string origin)
{
    public JsonObject Body { get; } = body;

    /// <summary>The file it was written in, before kustomize patched it.</summary>
    public string Origin { get; } = origin;

    public string ApiVersion => Text(Body["apiVersion"]);

    public string Kind => Text(Body["kind"]);

    public string Name => Text(Body["metadata"]?["name"]);

    public string Namespace => Text(Body["metadata"]?["namespace"]);

    /// <summary>The object as its API type; null until it was read without a fault.</summary>
    public object? Object { get; set; }

    public override string ToString() => $"{Kind}/{Name}";

    private static string Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : "";
}

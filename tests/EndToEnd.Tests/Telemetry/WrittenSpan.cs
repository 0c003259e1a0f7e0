using System.Text.Json.Nodes;

namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>A span as a service wrote it to the trace folder.</summary>
internal sealed record WrittenSpan(
    string Service, string Name, string Kind, string TraceId, string SpanId, string? ParentSpanId, IReadOnlySet<string> LinkedSpanIds,
    IReadOnlyDictionary<string, string> Tags)
{
    public string? Tag(string name) => Tags.GetValueOrDefault(name);

    public static WrittenSpan Parse(string line)
    {
        var span = JsonNode.Parse(line)!;
        return new WrittenSpan(
            (string)span["service"]!,
            (string)span["name"]!,
            (string)span["kind"]!,
            (string)span["traceId"]!,
            (string)span["spanId"]!,
            (string?)span["parentSpanId"],
            span["links"]!.AsArray().Select(link => (string)link!["spanId"]!).ToHashSet(),
            span["tags"]!.AsObject().ToDictionary(tag => tag.Key, tag => (string?)tag.Value ?? ""));
    }
}

using System.Text.Json;

namespace FanOut.Services.Tests.ServiceDefaults;

internal sealed record WrittenSpan(
    string Service,
    string Source,
    string Name,
    string Kind,
    string TraceId,
    string SpanId,
    string? ParentSpanId,
    List<(string TraceId, string SpanId)> Links,
    Dictionary<string, string> Tags)
{
    public static WrittenSpan Parse(JsonElement json)
    {
        string Text(string name) => json.GetProperty(name).GetString()!;
        return new(
            Text("service"),
            Text("source"),
            Text("name"),
            Text("kind"),
            Text("traceId"),
            Text("spanId"),
            json.TryGetProperty("parentSpanId", out var parent) ? parent.GetString() : null,
            [.. json.GetProperty("links").EnumerateArray().Select(link => (link.GetProperty("traceId").GetString()!, link.GetProperty("spanId").GetString()!))],
            json.GetProperty("tags").EnumerateObject().ToDictionary(tag => tag.Name, tag => tag.Value.GetString() ?? ""));
    }
}

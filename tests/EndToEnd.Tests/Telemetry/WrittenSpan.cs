namespace FanOut.EndToEnd.Tests.Telemetry;

/// <summary>A span that a service has exported.</summary>
internal sealed record WrittenSpan(
    string Service,
    string Name,
    string Kind,
    string TraceId,
    string SpanId,
    string? ParentSpanId,
    IReadOnlySet<string> LinkedSpanIds,
    IReadOnlyDictionary<string, string> Tags)
{
    private static readonly string[] Kinds = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];

    public string? Tag(string name) => Tags.GetValueOrDefault(name);

    /// <summary>Reads a span. Field numbers: opentelemetry-proto, trace/v1/trace.proto.</summary>
    public static WrittenSpan Read(string service, ProtobufField span) => new(
        service,
        span.Fields(5).Single().Text,
        Kinds[span.Fields(6).Single().Number],
        span.Fields(1).Single().Hex,
        span.Fields(2).Single().Hex,
        span.Fields(4).SingleOrDefault() is { Bytes.Length: > 0 } parent ? parent.Hex : null,
        span.Fields(13).Select(link => link.Fields(2).Single().Hex).ToHashSet(),
        span.Fields(9).ToDictionary(tag => tag.Fields(1).Single().Text, tag => Value(tag.Fields(2).Single())));

    /// <summary>A value of common/v1/common.proto: a string, or a number as text.</summary>
    private static string Value(ProtobufField value) =>
        ProtobufField.Read(value.Bytes).FirstOrDefault() is { Id: 1 } text
            ? text.Text
            : ProtobufField.Read(value.Bytes).FirstOrDefault().Number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using OpenTelemetry;

namespace FanOut.Services.Tests.ServiceDefaults;

/// <summary>Keeps the spans that a service exports.</summary>
internal sealed class SpanRecorder(ConcurrentQueue<RecordedSpan> spans) : BaseExporter<Activity>
{
    public override ExportResult Export(in Batch<Activity> batch)
    {
        var service = (string)ParentProvider.GetResource().Attributes.Single(attribute => attribute.Key == "service.name").Value;
        foreach (var span in batch)
        {
            spans.Enqueue(new RecordedSpan(
                service,
                span.Source.Name,
                span.DisplayName,
                span.Kind.ToString(),
                span.TraceId.ToHexString(),
                span.SpanId.ToHexString(),
                span.ParentSpanId == default ? null : span.ParentSpanId.ToHexString(),
                [.. span.Links.Select(link => (link.Context.TraceId.ToHexString(), link.Context.SpanId.ToHexString()))],
                span.TagObjects.DistinctBy(tag => tag.Key).ToDictionary(tag => tag.Key, tag => Text(tag.Value))));
        }

        return ExportResult.Success;
    }

    private static string Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}

internal sealed record RecordedSpan(
    string Service,
    string Source,
    string Name,
    string Kind,
    string TraceId,
    string SpanId,
    string? ParentSpanId,
    IReadOnlyList<(string TraceId, string SpanId)> Links,
    IReadOnlyDictionary<string, string> Tags);

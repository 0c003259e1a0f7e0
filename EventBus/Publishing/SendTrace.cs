using System.Diagnostics;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// The spans of one page on its way to the stream: a send span in each recorded trace. The entries carry it on to the consumers. Events that were
/// made together have one context, and so one span.
/// </summary>
internal readonly struct SendTrace
{
    private readonly List<Activity>? _spans;

    private SendTrace(List<Activity>? spans) => _spans = spans;

    public static SendTrace Start(StreamName stream, OutboxPage page)
    {
        if (!EventBusTelemetry.Source.HasListeners())
        {
            return default;
        }

        // The relay's own activity is not recorded, and these must not be its children.
        var current = Activity.Current;
        Activity.Current = null;
        var spans = new List<Activity>();
        var traces = Enumerable.Range(0, page.Count).Select(row => (Row: row, Trace: page.TraceOf(row)));
        foreach (var together in traces.Where(item => IsSampled(item.Trace.Parent)).GroupBy(item => item.Trace.Parent).ToArray())
        {
            var (first, trace) = together.First();
            var tags = EventBusTelemetry.SpanTags(stream, "send");
            if (!ActivityContext.TryParse(trace.Parent, trace.State, isRemote: true, out var created)
                || EventBusTelemetry.Source.StartActivity($"send {stream}", ActivityKind.Producer, created, tags) is not { } span)
            {
                continue;
            }

            Activity.Current = null;
            var count = together.Count();
            if (count == 1)
            {
                span.SetTag("messaging.message.id", page.IdOf(first).ToString());
            }
            else
            {
                span.SetTag("messaging.batch.message_count", count);
            }

            foreach (var (row, _) in together)
            {
                page.SetTrace(row, span.Id, span.TraceStateString ?? "");
            }

            spans.Add(span);
        }

        Activity.Current = current;
        return new SendTrace(spans);
    }

    /// <param name="error">Null where all is on the stream.</param>
    /// <param name="lastId">The entry of an event that came alone.</param>
    public void Stop(string? error, string? lastId)
    {
        var current = Activity.Current;
        foreach (var span in _spans ?? [])
        {
            if (error is not null)
            {
                span.SetStatus(ActivityStatusCode.Error, error);
                span.SetTag("error.type", error);
            }

            if (lastId is not null)
            {
                span.SetTag("fanout.entry.id", lastId);
            }

            span.Stop();
        }

        Activity.Current = current;
    }

    private static bool IsSampled(RedisValue traceParent)
    {
        var text = ((ReadOnlyMemory<byte>)traceParent).Span;
        return text.Length >= 55 && (text[54] & 1) == 1;
    }
}

using System.Diagnostics;
using System.Globalization;
using FanOut.EventBus.Telemetry;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// The spans of one batch on its way to the stream: a send span in each recorded trace. The entries carry it on to the consumers.
/// Events that were made together have one context, and so one span.
/// </summary>
internal readonly struct SendTrace
{
    private readonly List<Activity>? _spans;

    private SendTrace(List<Activity>? spans) => _spans = spans;

    public static SendTrace Start(StreamName stream, RelayBatch batch)
    {
        if (!EventBusTelemetry.Source.HasListeners())
        {
            return default;
        }

        // The relay's own activity is not recorded, and these must not be its children.
        var current = Activity.Current;
        Activity.Current = null;
        var spans = new List<Activity>();
        var sampled = Enumerable.Range(batch.Next, batch.Count - batch.Next).Where(i => IsSampled(batch.TraceParent(i)));
        foreach (var events in sampled.GroupBy(i => batch.TraceParent(i), (_, together) => together.ToArray()).ToArray())
        {
            var (parent, state) = ((string?)batch.TraceParent(events[0]), (string?)batch.TraceState(events[0]));
            if (!ActivityContext.TryParse(parent, state, isRemote: true, out var created))
            {
                continue;
            }

            var tags = EventBusTelemetry.SpanTags(stream, "send");
            if (EventBusTelemetry.Source.StartActivity($"send {stream}", ActivityKind.Producer, created, tags) is not { } span)
            {
                continue;
            }

            Activity.Current = null;
            if (events is [var only])
            {
                span.SetTag("messaging.message.id", batch.Ids[only].ToString());
                span.SetTag("fanout.entry.id", string.Create(CultureInfo.InvariantCulture, $"{batch.Milliseconds}-{only}"));
            }
            else
            {
                span.SetTag("messaging.batch.message_count", events.Length);
            }

            foreach (var i in events)
            {
                batch.TraceParent(i) = span.Id;
                batch.TraceState(i) = span.TraceStateString ?? "";
            }

            spans.Add(span);
        }

        Activity.Current = current;
        return new SendTrace(spans);
    }

    public void Stop(string? error)
    {
        var current = Activity.Current;
        foreach (var span in _spans ?? [])
        {
            if (error is not null)
            {
                span.SetStatus(ActivityStatusCode.Error, error);
                span.SetTag("error.type", "append_failed");
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

using System.Diagnostics;
using System.Globalization;
using FanOut.EventBus.Telemetry;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// The spans of one batch on its way to the stream: one for the batch, linked to the events' creation, and for each event whose trace is recorded one of its own within that trace,
/// which the entry carries on to the consumers.
/// </summary>
internal readonly struct SendTrace
{
    // What exporters keep of a span's links by default.
    private const int MostLinks = 128;

    private readonly Activity? _batch;
    private readonly List<Activity>? _events;

    private SendTrace(Activity? batch, List<Activity>? events)
    {
        _batch = batch;
        _events = events;
    }

    public static SendTrace Start(StreamName stream, RelayBatch batch)
    {
        if (!EventBusTelemetry.Source.HasListeners())
        {
            return default;
        }

        // The relay's own activity is not recorded, and these must not be its children.
        var current = Activity.Current;
        Activity.Current = null;
        var name = $"send {stream}";
        List<ActivityLink>? links = null;
        List<Activity>? events = null;
        for (var i = batch.Next; i < batch.Count; i++)
        {
            var parent = batch.TraceParent(i);
            if (!IsSampled(parent) || !ActivityContext.TryParse((string?)parent, (string?)batch.TraceState(i), isRemote: true, out var created))
            {
                continue;
            }

            if ((links ??= []).Count < MostLinks)
            {
                links.Add(new ActivityLink(created));
            }

            var span = EventBusTelemetry.Source.CreateActivity(name, ActivityKind.Producer, created, Tags(stream));
            if (span is not null)
            {
                span.SetTag("messaging.message.id", batch.Ids[i].ToString());
                span.SetTag("fanout.entry.id", string.Create(CultureInfo.InvariantCulture, $"{batch.Milliseconds}-{i}"));
                span.Start();
                Activity.Current = null;
                batch.TraceParent(i) = span.Id;
                batch.TraceState(i) = span.TraceStateString ?? "";
                (events ??= []).Add(span);
            }
        }

        var whole = EventBusTelemetry.Source.CreateActivity(name, ActivityKind.Producer, default(ActivityContext), Tags(stream), links);
        if (whole is not null)
        {
            whole.SetTag("messaging.batch.message_count", batch.Count - batch.Next);
            whole.Start();
        }

        Activity.Current = current;
        return new SendTrace(whole, events);
    }

    public void Stop(string? error)
    {
        End(_batch, error);
        foreach (var span in _events ?? [])
        {
            End(span, error);
        }
    }

    private static void End(Activity? span, string? error)
    {
        if (span is null)
        {
            return;
        }

        if (error is not null)
        {
            span.SetStatus(ActivityStatusCode.Error, error);
            span.SetTag("error.type", "append_failed");
        }

        var current = Activity.Current;
        span.Stop();
        Activity.Current = current;
    }

    private static bool IsSampled(RedisValue traceParent)
    {
        var text = ((ReadOnlyMemory<byte>)traceParent).Span;
        return text.Length >= 55 && (text[54] & 1) == 1;
    }

    private static TagList Tags(StreamName stream)
    {
        var tags = EventBusTelemetry.StreamTags(stream, "send");
        tags.Add("messaging.operation.type", "send");
        return tags;
    }
}

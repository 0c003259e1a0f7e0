using System.Diagnostics;
using System.Globalization;
using FanOut.EventBus.Telemetry;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// The spans of one batch (<see href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/"/>): each event whose publisher's trace was recorded gets a process span in that trace; where there are several events,
/// a span of the batch links to each of them. Events without a recorded trace get none.
/// </summary>
internal sealed class BatchTrace : IDisposable
{
    private static readonly BatchTrace None = new(null, null);
    private readonly Activity? _batch;
    private readonly Dictionary<Delivery, Activity>? _events;

    private BatchTrace(Activity? batch, Dictionary<Delivery, Activity>? events)
    {
        _batch = batch;
        _events = events;
    }

    public static BatchTrace Start(StreamName stream, GroupName group, string consumer, IReadOnlyList<Delivery> deliveries)
    {
        if (!EventBusTelemetry.Source.HasListeners())
        {
            return None;
        }

        var recorded = new List<(Delivery Delivery, ActivityContext Context)>();
        foreach (var delivery in deliveries)
        {
            if (delivery.Malformed is null && delivery.Event.IsSampled && ActivityContext.TryParse(delivery.Event.TraceParent, delivery.Event.TraceState, isRemote: true, out var context))
            {
                recorded.Add((delivery, context));
            }
        }

        if (recorded.Count == 0)
        {
            return None;
        }

        Activity.Current = null;
        var name = $"process {stream}";
        var batch = deliveries.Count == 1
            ? null
            : EventBusTelemetry.Source.StartActivity(name, ActivityKind.Consumer, default(ActivityContext), links: recorded.Select(e => new ActivityLink(e.Context)));
        Tag(batch, stream, group, consumer);
        batch?.SetTag("messaging.batch.message_count", deliveries.Count);
        var events = new Dictionary<Delivery, Activity>(recorded.Count);
        foreach (var (delivery, context) in recorded)
        {
            var activity = EventBusTelemetry.Source.StartActivity(name, ActivityKind.Consumer, context, links: batch is null ? null : [new ActivityLink(batch.Context)]);
            if (activity is not null)
            {
                Tag(activity, stream, group, consumer);
                activity.SetTag("messaging.message.id", delivery.Event.Id.ToString());
                activity.SetTag("fanout.entry.id", delivery.Entry.ToString());
                activity.SetTag("fanout.delivery", delivery.Count.ToString(CultureInfo.InvariantCulture));
                if (delivery.WasHandedOver)
                {
                    activity.AddEvent(new ActivityEvent(EntryTrace.HandedOver));
                }

                events[delivery] = activity;
            }
        }

        var trace = new BatchTrace(batch, events);
        trace.EnterBatch();
        return trace;
    }

    public Activity? Of(Delivery delivery) => _events?.GetValueOrDefault(delivery);

    /// <summary>What follows happens for one event.</summary>
    public void Enter(Delivery delivery)
    {
        if (Of(delivery) is { } activity)
        {
            Activity.Current = activity;
        }
    }

    /// <summary>What follows happens for the whole batch.</summary>
    public void EnterBatch()
    {
        if (_events is not null)
        {
            Activity.Current = _batch ?? _events.Values.FirstOrDefault();
        }
    }

    /// <summary>Says on an event's span what became of it other than success.</summary>
    public void Record(Delivery delivery, string eventName, string? error, string? errorType = null)
    {
        if (Of(delivery) is { } activity)
        {
            activity.AddEvent(new ActivityEvent(eventName));
            if (error is not null)
            {
                activity.SetStatus(ActivityStatusCode.Error, error);
                activity.SetTag("error.type", errorType ?? "_OTHER");
            }
        }
    }

    public void Dispose()
    {
        if (_events is null)
        {
            return;
        }

        foreach (var activity in _events.Values)
        {
            activity.Dispose();
        }

        _batch?.Dispose();
        Activity.Current = null;
    }

    private static void Tag(Activity? activity, StreamName stream, GroupName group, string consumer)
    {
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("messaging.system", "redis");
            activity.SetTag("messaging.operation.name", "process");
            activity.SetTag("messaging.operation.type", "process");
            activity.SetTag("messaging.destination.name", stream.Value);
            activity.SetTag("messaging.consumer.group.name", group.Value);
            activity.SetTag("messaging.client.id", consumer);
        }
    }
}

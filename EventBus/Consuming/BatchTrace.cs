using System.Diagnostics;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// The spans of one batch (<see href="https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/"/>): a process span in each recorded
/// trace, for the events that were sent below one span. Where the batch has other events too, a span of the batch links to each trace.
/// Events without a recorded trace get none.
/// </summary>
internal sealed class BatchTrace : IDisposable
{
    public const string RetryScheduled = "retry scheduled";
    public const string DeadLettered = "dead-lettered";

    private static readonly BatchTrace None = new(null, null);
    private readonly Activity? _batch;
    private readonly Dictionary<Delivery, Activity>? _events;

    private BatchTrace(Activity? batch, Dictionary<Delivery, Activity>? events)
    {
        _batch = batch;
        _events = events;
    }

    private static ActivitySource Source => EventBusTelemetry.Source;

    public static BatchTrace Start(StreamName stream, GroupName group, string consumer, IReadOnlyList<Delivery> deliveries)
    {
        if (!Source.HasListeners())
        {
            return None;
        }

        var traces = new Dictionary<ActivityContext, List<Delivery>>();
        foreach (var delivery in deliveries)
        {
            if (delivery is { Malformed: null, Event: { IsSampled: true } wire }
                && ActivityContext.TryParse(wire.TraceParent, wire.TraceState, isRemote: true, out var context))
            {
                if (!traces.TryGetValue(context, out var together))
                {
                    traces.Add(context, together = []);
                }

                together.Add(delivery);
            }
        }

        if (traces.Count == 0)
        {
            return None;
        }

        Activity.Current = null;
        var name = $"process {stream}";
        var tags = EventBusTelemetry.SpanTags(stream, group, consumer, "process");
        var origins = traces.Keys.Select(context => new ActivityLink(context));
        var batch = traces.First().Value.Count == deliveries.Count
            ? null
            : Source.StartActivity(name, ActivityKind.Consumer, default(ActivityContext), tags, origins);
        batch?.SetTag("messaging.batch.message_count", deliveries.Count);
        var events = new Dictionary<Delivery, Activity>(deliveries.Count);
        foreach (var (context, together) in traces)
        {
            ActivityLink[] links = batch is null ? [] : [new(batch.Context)];
            if (Source.StartActivity(name, ActivityKind.Consumer, context, tags, links) is not { } activity)
            {
                continue;
            }

            if (together is [var only])
            {
                activity.SetTag("messaging.message.id", only.Event.Id.ToString());
                activity.SetTag("fanout.position", only.Event.Position);
                activity.SetTag("fanout.delivery", only.Number);
            }
            else
            {
                activity.SetTag("messaging.batch.message_count", together.Count);
            }

            foreach (var delivery in together)
            {
                events.Add(delivery, activity);
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

    /// <summary>Says on an event's span that its handler failed, and what became of it.</summary>
    public void Record(Delivery delivery, string eventName, Exception exception)
    {
        if (Of(delivery) is { } activity)
        {
            activity.AddEvent(new ActivityEvent(eventName, tags: new()
            {
                ["messaging.message.id"] = delivery.Event.Id.ToString(),
                ["fanout.position"] = delivery.Event.Position,
                ["fanout.delivery"] = delivery.Number,
            }));
            activity.SetStatus(ActivityStatusCode.Error, EnvironmentFault.Describe(exception));
            activity.SetTag("error.type", exception.GetType().FullName);
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
}

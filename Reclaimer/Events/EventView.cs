using System.Globalization;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.Reclaimer.DeadLetters;
using Bus = FanOut.EventBus;

namespace FanOut.Reclaimer.Events;

internal static class EventView
{
    public static EventSummary Of(Bus.LoggedEvent item) =>
        new(item.Position, item.Id, item.Type, item.Source, item.Subject, item.Time, item.RecordedAt, item.Size);

    public static EventDetails Of(Bus.LoggedEventDetails details)
    {
        var data = DeadLetterView.ReadJson(details.Data);
        return new(
            Of(details.Event),
            data,
            data is null ? Convert.ToBase64String(details.Data.Span) : null,
            [.. details.Headers.Select(DeadLetterView.Of)],
            details.TraceId,
            details.IsPublished,
            details.EntryId,
            [.. details.Deliveries.Select(delivery => new EventInGroup(
                delivery.Group.Value,
                Name(delivery.State),
                delivery.Owner,
                delivery.Attempts,
                delivery.Error,
                delivery.NextAttemptAt,
                delivery.Number))]);
    }

    /// <summary>The steps of an event's way, in the order in which they happened.</summary>
    public static IEnumerable<JourneyStep> Steps(Bus.LoggedEventDetails details)
    {
        var (item, trace) = (details.Event, details.TraceId);
        yield return new("outbox", item.Type, "done", item.RecordedAt, Trace: trace, Id: item.Position.ToString(CultureInfo.InvariantCulture));
        yield return new(
            "stream",
            EventStreams.Orders,
            details.IsPublished ? "done" : "unread",
            details.EntryId is { } entry ? Bus.EventLog.TimeOfEntry(entry) : null,
            Trace: trace,
            Id: details.EntryId);
        foreach (var delivery in details.Deliveries)
        {
            yield return new(
                "group",
                delivery.Group.Value,
                Name(delivery.State),
                delivery.ReachedAt,
                delivery.Error,
                delivery.Attempts,
                delivery.NextAttemptAt,
                trace,
                delivery.Number?.ToString(CultureInfo.InvariantCulture));
        }
    }

    private static string Name(Bus.EventDeliveryState state) => state.ToString().ToLowerInvariant();
}

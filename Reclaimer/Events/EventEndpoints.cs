using System.Globalization;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Http.HttpResults;
using Bus = FanOut.EventBus;

namespace FanOut.Reclaimer.Events;

internal static class EventEndpoints
{
    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        var events = routes.MapGroup("").WithTags("Events").RequireScope(Scopes.OpsRead).AddEndpointFilter<UnavailableFilter>();
        events.MapGet("/events", ListAsync)
            .WithName("ListEvents")
            .WithSummary("List the events of the outbox, newest first")
            .WithDescription(
                "from: where to begin: a position, a time (RFC 3339), the id of an event (UUID version 7), or the id of an entry of the stream. " +
                "type and subject must be equal; text is contained in the data. limit: 1 to 200 per page (default 50). after: the cursor of the " +
                "previous page. A request looks at 50,000 events at most: a page may be empty and have a next one.")
            .Produces<EventPage>()
            .ProducesValidationProblem();
        events.MapGet("/events/{position}", FindAsync)
            .WithName("GetEvent")
            .WithSummary("Get an event and its way through the groups")
            .Produces<EventDetails>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
        events.MapGet("/orders/{id}/journey", GetJourneyAsync)
            .WithName("GetJourney")
            .WithSummary("Get the way of an order's events through the stream and the groups")
            .Produces<Journey>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] EventQuery query, HttpRequest request, Bus.EventLog log, CancellationToken cancellationToken)
    {
        var before = CursorAttribute.Parse(query.After);
        if (before is null && query.From is { } from)
        {
            var (isValid, position) = await FindStartAsync(from, log, cancellationToken);
            if (!isValid)
            {
                return TypedResults.ValidationProblem(new Dictionary<string, string[]>
                {
                    ["from"] =
                    [
                        "must be a position, a time like 2026-01-31T09:30:00Z, the id of an event (a UUID of version 7), or the id of an entry like "
                        + "1700000000000-0",
                    ],
                });
            }

            // An id that no event has: nothing comes before position 1.
            before = position is { } found ? Math.Min(found, long.MaxValue - 1) + 1 : 1;
        }

        var filter = new Bus.EventLogFilter { Type = query.Type, Subject = query.Subject, Text = query.Text };
        var page = await log.ListAsync(filter, query.Limit, before, cancellationToken);
        var after = page.Next?.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Ok(new EventPage(
            [.. page.Events.Select(EventView.Of)],
            page.Newest,
            page.Oldest,
            page.SearchedTo,
            page.SearchedToTime,
            after,
            after is null ? null : request.AddressOfPage(after)));
    }

    private static async Task<(bool IsValid, long? Position)> FindStartAsync(string from, Bus.EventLog log, CancellationToken cancellationToken) =>
        long.TryParse(from, NumberStyles.None, CultureInfo.InvariantCulture, out var position) ? (true, position)
        : Rfc3339Converter.TryParse(from, out var time) ? (true, await log.FindPositionAsync(time, cancellationToken))
        : Bus.EventLog.TimeOfEntry(from) is not null ? (true, await log.FindPositionAsync(from, cancellationToken))
        : Guid.TryParseExact(from, "D", out var id) && Bus.EventLog.TimeOfId(id) is not null
            ? (true, await log.FindPositionAsync(id, cancellationToken))
        : (false, null);

    private static async Task<IResult> FindAsync(long position, Bus.EventLog log, CancellationToken cancellationToken) =>
        await log.FindAsync(position, cancellationToken) is { } found
            ? TypedResults.Ok(EventView.Of(found))
            : NotFound($"The outbox has no event at position {position}: none was committed there, or it is older than what the outbox keeps.");

    private static async Task<IResult> GetJourneyAsync(Guid id, Bus.EventLog log, CancellationToken cancellationToken)
    {
        var steps = new List<JourneyStep>();
        foreach (var position in await log.FindSubjectAsync(id, cancellationToken))
        {
            if (await log.FindAsync(position, cancellationToken) is { } found)
            {
                steps.AddRange(EventView.Steps(found));
            }
        }

        return steps.Count > 0
            ? TypedResults.Ok(new Journey(steps))
            : NotFound($"The outbox has no event of order {id}: there is no such order, or it is older than what the outbox keeps.");
    }

    private static ProblemHttpResult NotFound(string detail) =>
        TypedResults.Problem(detail, null, StatusCodes.Status404NotFound, "There is no such event.");
}

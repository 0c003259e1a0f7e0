using System.Globalization;
using FanOut.Contracts.Operations;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Http.HttpResults;
using Bus = FanOut.EventBus;

namespace FanOut.Reclaimer.Streams;

internal static class GroupBacklogEndpoints
{
    public static void MapGroupBacklogs(this IEndpointRouteBuilder routes)
    {
        var groups = routes.MapGroup("/groups/{name}").WithTags("Streams").RequireScope(Scopes.OpsRead).AddEndpointFilter<UnavailableFilter>();
        groups.MapGet("pending", ListPendingAsync)
            .WithName("ListPending")
            .WithSummary("List entries that are delivered and not acknowledged, oldest first")
            .WithDescription("limit: 1 to 200 per page (default 50). after: the cursor of the previous page.")
            .Produces<PendingPage>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
        groups.MapGet("retries", ListRetriesAsync)
            .WithName("ListRetries")
            .WithSummary("List events that wait in the retry queue, next attempt first")
            .WithDescription("limit: 1 to 200 per page (default 50). after: the cursor of the previous page.")
            .Produces<RetryPage>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListPendingAsync(
        string name, [AsParameters] BacklogQuery query, HttpRequest request, Bus.GroupBacklog backlog, CancellationToken cancellationToken)
    {
        var start = query.After is "" ? null : query.After;
        if (Group(name) is not { } group || await backlog.ListPendingAsync(group, query.Limit + 1, start, cancellationToken) is not { } pending)
        {
            return NotFound();
        }

        var (page, after, next) = request.Page([.. pending], query.Limit, entry => entry.EntryId);
        return TypedResults.Ok(new PendingPage(
            [.. page.Select(entry => new PendingEntry(
                entry.EntryId, entry.Position, entry.Owner, entry.IsOwnerLive, entry.Idle.TotalSeconds, entry.Deliveries))],
            after,
            next));
    }

    private static async Task<IResult> ListRetriesAsync(
        string name, [AsParameters] BacklogQuery query, HttpRequest request, Bus.GroupBacklog backlog, CancellationToken cancellationToken)
    {
        var start = query.After?.Split('-') is [var time, var number]
            ? (DateTimeOffset.UnixEpoch.AddMicroseconds(Parse(time)), Parse(number))
            : ((DateTimeOffset, long)?)null;
        if (Group(name) is not { } group || await backlog.ListRetriesAsync(group, query.Limit + 1, start, cancellationToken) is not { } retries)
        {
            return NotFound();
        }

        var (page, after, next) = request.Page([.. retries], query.Limit, Cursor);
        return TypedResults.Ok(new RetryPage([.. page.Select(View)], after, next));

        static string Cursor(Bus.WaitingEvent item) => string.Create(
            CultureInfo.InvariantCulture, $"{(item.DueAt - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond}-{item.Number}");
    }

    private static RetryEntry View(Bus.WaitingEvent item) => new(
        item.Number,
        item.Position,
        item.EventId,
        item.Type,
        item.Subject,
        item.Attempts,
        item.MaxDeliveries,
        item.Error,
        item.IsClaimed ? "claimed" : "waiting",
        item.DueAt,
        item.CreatedAt);

    private static long Parse(string digits) => long.Parse(digits, CultureInfo.InvariantCulture);

    private static Bus.GroupName? Group(string name) => new GroupNameAttribute().IsValid(name) ? new Bus.GroupName(name) : null;

    private static ProblemHttpResult NotFound() => TypedResults.Problem(
        title: "There is no such group.",
        detail: "The stream has no group of this name. GET /groups lists them. A group is created when its worker first starts.",
        statusCode: StatusCodes.Status404NotFound);
}

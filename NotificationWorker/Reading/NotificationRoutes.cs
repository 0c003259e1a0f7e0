using System.Globalization;
using FanOut.Contracts;
using FanOut.Contracts.Notifications;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.ServiceDefaults.WorkQueues;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;

namespace FanOut.NotificationWorker.Reading;

internal static class NotificationRoutes
{
    private static readonly string Summarize = EmbeddedSql.Read(typeof(NotificationRoutes), "summarize_notifications.sql");

    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var notifications = routes.MapGroup("/notifications").WithTags("Notifications");
        notifications.MapGet("", ListAsync)
            .RequireScope(Scopes.OpsRead)
            .WithSummary("List notifications, newest first")
            .Produces<NotificationPage>()
            .ProducesValidationProblem();
        notifications.MapGet("summary", GetSummaryAsync)
            .RequireScope(Scopes.OpsRead)
            .WithSummary("Get the state of the queue of mails")
            .WithDescription(
                "failed: in the last 24 hours. At most 50,000 of each are counted; of more pending ones, the number is as of the last sweep "
                + "(Notifications:SweepInterval).")
            .Produces<WorkQueueSummary>();
        routes.MapGet("/orders/{id:guid}/journey", GetJourneyAsync)
            .RequireScope(Scopes.OpsRead)
            .WithTags("Notifications")
            .WithSummary("Get the mails about an order, the first 200; none where it is unknown")
            .Produces<Journey>();
        notifications.MapGet("{id:long}", FindAsync)
            .RequireScope(Scopes.OpsRead)
            .WithSummary("Get a notification")
            .Produces<Notification>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        notifications.MapPost("{id:long}/retry", RetryAsync)
            .RequireScope(Scopes.OpsWrite)
            .RecordAction("retry mail")
            .WithSummary("Send a notification again now")
            .Produces<Notification>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] NotificationQuery query, HttpRequest request, NotificationStore store, CancellationToken cancellationToken)
    {
        var notifications = await store.ListAsync(query.State, query.Subject, CursorAttribute.Parse(query.After), query.Limit + 1, cancellationToken);
        var (items, after, next) = request.Page(notifications, query.Limit, notification => notification.Id.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new NotificationPage(items, after, next));
    }

    private static async Task<IResult> GetSummaryAsync(
        NpgsqlDataSource dataSource, NotificationMetrics metrics, TimeProvider time, CancellationToken cancellationToken)
    {
        var queue = await QueueState.ReadAsync(dataSource, Summarize, metrics, cancellationToken);
        return TypedResults.Ok(new WorkQueueSummary(
            time.GetUtcNow(), queue.Pending, queue.Failed, queue.OverdueSeconds, queue.Rate, queue.FailedRate));
    }

    private static async Task<IResult> GetJourneyAsync(Guid id, NotificationStore store, CancellationToken cancellationToken) =>
        TypedResults.Ok(await store.FindJourneyAsync(id, cancellationToken));

    private static async Task<IResult> FindAsync(long id, NotificationStore store, CancellationToken cancellationToken)
        => await store.FindAsync(id, cancellationToken) is { } notification ? TypedResults.Ok(notification) : NotFound(id);

    private static async Task<IResult> RetryAsync(long id, NotificationStore store, DispatchSignal signal, CancellationToken cancellationToken)
    {
        switch (await store.RetryAsync(id, cancellationToken))
        {
            case null:
                return NotFound(id);
            case NotificationStore.Sent:
                return TypedResults.Problem("The mail was already sent.", statusCode: StatusCodes.Status409Conflict);
            default:
                signal.Raise();
                return await store.FindAsync(id, cancellationToken) is { } notification
                    ? TypedResults.Accepted($"/notifications/{id}", notification)
                    : NotFound(id);
        }
    }

    private static ProblemHttpResult NotFound(long id) =>
        TypedResults.Problem($"There is no notification {id}.", statusCode: StatusCodes.Status404NotFound);
}

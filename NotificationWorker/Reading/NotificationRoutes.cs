using System.Globalization;
using FanOut.Contracts.Notifications;
using FanOut.NotificationWorker.Sending;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FanOut.NotificationWorker.Reading;

internal static class NotificationRoutes
{
    private const int MostPerPage = 200;
    private const int LongestSubject = 200;

    public static void MapNotifications(this IEndpointRouteBuilder routes)
    {
        var notifications = routes.MapGroup("/notifications").WithTags("Notifications");
        notifications.MapGet("", ListAsync);
        notifications.MapGet("{id:long}", FindAsync);
        notifications.MapPost("{id:long}/retry", RetryAsync);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, NotificationStore store, CancellationToken cancellationToken)
    {
        var query = new QueryReader(request.Query, ["state", "subject", "limit", "after"]);
        var (state, subject) = (query.OneOf("state", NotificationStore.States), query.Text("subject", LongestSubject));
        var (limit, after) = (query.Limit(MostPerPage), query.Number("after"));
        if (query.Errors.Any)
        {
            return query.Errors.ToProblem();
        }

        var notifications = await store.ListAsync(state, subject, after, limit + 1, cancellationToken);
        if (notifications.Count <= limit)
        {
            return TypedResults.Ok(new NotificationPage(notifications));
        }

        notifications.RemoveAt(limit);
        var cursor = notifications[^1].Id.ToString(CultureInfo.InvariantCulture);
        return TypedResults.Ok(new NotificationPage(notifications, cursor, query.Next("/notifications", cursor)));
    }

    private static async Task<IResult> FindAsync(long id, NotificationStore store, CancellationToken cancellationToken)
        => await store.FindAsync(id, cancellationToken) is { } notification ? TypedResults.Ok(notification) : NotFound(id);

    private static async Task<IResult> RetryAsync(long id, NotificationStore store, DispatchSignal signal, CancellationToken cancellationToken)
    {
        switch (await store.RetryAsync(id, cancellationToken))
        {
            case null:
                return NotFound(id);
            case NotificationStore.Sent:
                return TypedResults.Problem("The mail was sent, and a customer gets it once.", statusCode: StatusCodes.Status409Conflict);
            default:
                signal.Raise();
                return await store.FindAsync(id, cancellationToken) is { } notification ? TypedResults.Accepted($"/notifications/{id}", notification) : NotFound(id);
        }
    }

    private static ProblemHttpResult NotFound(long id) => TypedResults.Problem($"There is no notification {id}.", statusCode: StatusCodes.Status404NotFound);
}

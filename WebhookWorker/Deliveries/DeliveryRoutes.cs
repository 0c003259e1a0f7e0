using FanOut.Contracts.Webhooks;
using FanOut.WebhookWorker.Dispatching;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FanOut.WebhookWorker.Deliveries;

internal static class DeliveryRoutes
{
    private const int MostPerPage = 200;

    public static void MapDeliveries(this IEndpointRouteBuilder routes)
    {
        var deliveries = routes.MapGroup("/deliveries").WithTags("Deliveries");
        deliveries.MapGet("", ListAsync);
        deliveries.MapGet("{id:long}", FindAsync);
        deliveries.MapPost("{id:long}/retry", RetryAsync);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, DeliveryStore store, CancellationToken cancellationToken)
    {
        var query = new QueryReader(request.Query, ["endpoint", "state", "event", "limit", "after"]);
        var (endpoint, state, eventId) = (query.Guid("endpoint"), query.OneOf("state", DeliveryStore.States), query.Guid("event"));
        var (limit, after) = (query.Limit(MostPerPage), query.Number("after"));
        if (query.Errors.Any)
        {
            return query.Errors.ToProblem();
        }

        var deliveries = await store.ListAsync(endpoint, state, eventId, after, limit + 1, cancellationToken);
        if (deliveries.Count <= limit)
        {
            return TypedResults.Ok(new DeliveryPage(deliveries));
        }

        deliveries.RemoveAt(limit);
        var cursor = deliveries[^1].Id.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return TypedResults.Ok(new DeliveryPage(deliveries, cursor, query.Next("/deliveries", cursor)));
    }

    private static async Task<IResult> FindAsync(long id, DeliveryStore store, CancellationToken cancellationToken)
        => await store.FindAsync(id, cancellationToken) is { } delivery ? TypedResults.Ok(delivery) : NotFound(id);

    private static async Task<IResult> RetryAsync(long id, DeliveryStore store, DispatchSignal signal, CancellationToken cancellationToken)
    {
        switch (await store.RetryAsync(id, cancellationToken))
        {
            case null:
                return NotFound(id);
            case false:
                return TypedResults.Problem("The delivery's endpoint is disabled or deleted: enable it first.", statusCode: StatusCodes.Status409Conflict);
            default:
                signal.Raise();
                return await store.FindAsync(id, cancellationToken) is { } delivery ? TypedResults.Accepted($"/deliveries/{id}", delivery) : NotFound(id);
        }
    }

    private static ProblemHttpResult NotFound(long id) => TypedResults.Problem($"There is no delivery {id}.", statusCode: StatusCodes.Status404NotFound);
}

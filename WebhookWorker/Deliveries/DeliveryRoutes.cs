using System.Globalization;
using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.ServiceDefaults.WorkQueues;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FanOut.WebhookWorker.Deliveries;

internal static class DeliveryRoutes
{
    public static void MapDeliveries(this IEndpointRouteBuilder routes)
    {
        var deliveries = routes.MapGroup("/deliveries").WithTags("Deliveries").RequireScope(Scopes.Webhooks);
        deliveries.MapGet("", ListAsync).WithSummary("List deliveries, newest first").Produces<DeliveryPage>().ProducesValidationProblem();
        deliveries.MapGet("{id:long}", FindAsync)
            .WithSummary("Get a delivery")
            .Produces<WebhookDelivery>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        deliveries.MapPost("{id:long}/retry", RetryAsync)
            .RecordAction("retry delivery")
            .WithSummary("Send a delivery again now")
            .Produces<WebhookDelivery>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] DeliveryQuery query, HttpRequest request, DeliveryStore store, CancellationToken cancellationToken)
    {
        var deliveries = await store.ListAsync(request.HttpContext.User.Owner(), query, cancellationToken);
        var (items, after, next) = request.Page(deliveries, query.Limit, delivery => delivery.Id.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new DeliveryPage(items, after, next));
    }

    private static async Task<IResult> FindAsync(long id, HttpContext http, DeliveryStore store, CancellationToken cancellationToken)
        => await store.FindAsync(http.User.Owner(), id, cancellationToken) is { } delivery ? TypedResults.Ok(delivery) : NotFound(id);

    private static async Task<IResult> RetryAsync(
        long id, HttpContext http, DeliveryStore store, DispatchSignal signal, CancellationToken cancellationToken)
    {
        switch (await store.RetryAsync(http.User.Owner(), id, cancellationToken))
        {
            case null:
                return NotFound(id);
            case false:
                return TypedResults.Problem(
                    "The delivery's endpoint is disabled or deleted.", statusCode: StatusCodes.Status409Conflict);
            default:
                signal.Raise();
                return await store.FindAsync(http.User.Owner(), id, cancellationToken) is { } delivery
                    ? TypedResults.Accepted($"/deliveries/{id}", delivery)
                    : NotFound(id);
        }
    }

    private static ProblemHttpResult NotFound(long id) =>
        TypedResults.Problem($"There is no delivery {id}.", statusCode: StatusCodes.Status404NotFound);
}

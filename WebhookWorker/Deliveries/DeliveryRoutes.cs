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
        var deliveries = routes.MapGroup("").WithTags("Deliveries").RequireScope(Scopes.Webhooks);
        MapDeliveries(deliveries, deliveries);
    }

    /// <summary>Maps the routes that accounts and operators have.</summary>
    public static void MapDeliveries(IEndpointRouteBuilder reads, IEndpointRouteBuilder changes)
    {
        reads.MapGet("/deliveries", ListAsync).WithSummary("List deliveries, newest first").Produces<DeliveryPage>().ProducesValidationProblem();
        reads.MapGet("/deliveries/{id:long}", FindAsync)
            .WithSummary("Get a delivery")
            .Produces<WebhookDelivery>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        changes.MapPost("/deliveries/{id:long}/retry", RetryAsync)
            .RecordAction("retry delivery")
            .WithSummary("Send a delivery again now")
            .Produces<WebhookDelivery>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] DeliveryQuery query, HttpRequest request, DeliveryStore store, CancellationToken cancellationToken)
    {
        var deliveries = await store.ListAsync(Account.Of(request.HttpContext), query, cancellationToken);
        var (items, after, next) = request.Page(deliveries, query.Limit, delivery => delivery.Id.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new DeliveryPage(items, after, next));
    }

    private static async Task<IResult> FindAsync(long id, HttpContext http, DeliveryStore store, CancellationToken cancellationToken)
        => await store.FindAsync(Account.Of(http), id, cancellationToken) is { } delivery ? TypedResults.Ok(delivery) : NotFound(id);

    private static async Task<IResult> RetryAsync(
        long id, HttpContext http, DeliveryStore store, DispatchSignal signal, CancellationToken cancellationToken)
    {
        switch (await store.RetryAsync(Account.Of(http), id, cancellationToken))
        {
            case null:
                return NotFound(id);
            case false:
                return TypedResults.Problem(
                    "The delivery's endpoint is disabled or deleted.", statusCode: StatusCodes.Status409Conflict);
            default:
                signal.Raise();
                return await store.FindAsync(Account.Of(http), id, cancellationToken) is { } delivery
                    ? TypedResults.Accepted(Account.Address(http, $"/deliveries/{id}"), delivery)
                    : NotFound(id);
        }
    }

    private static ProblemHttpResult NotFound(long id) =>
        TypedResults.Problem($"There is no delivery {id}.", statusCode: StatusCodes.Status404NotFound);
}

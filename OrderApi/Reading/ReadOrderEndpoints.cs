using FanOut.Contracts;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FanOut.OrderApi.Reading;

internal static class ReadOrderEndpoints
{
    public static void MapReading(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/orders/{id:guid}", GetAsync)
            .RequireScope(Scopes.OrdersRead)
            .WithName("GetOrder")
            .WithSummary("Get an order")
            .Produces<Order>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/orders/{id:guid}/journey", GetJourneyAsync)
            .RequireScope(Scopes.OpsRead)
            .WithSummary("Get what the order API knows of an order's journey")
            .Produces<Journey>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/orders", ListAsync)
            .RequireScope(Scopes.OrdersRead)
            .WithName("ListOrders")
            .WithSummary("List orders, newest first")
            .WithDescription(
                "Returns orders that match all given parameters. number: an order without one has its id. customer: the customer's id. email: in " +
                "any case. limit: 1 to 200 orders per page (default 50). after: the cursor of the previous page; next: the address of the next page.")
            .Produces<OrderPage>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> GetAsync(Guid id, OrderFinder orders, CancellationToken cancellationToken) =>
        await orders.FindAsync(id, cancellationToken) is { } order ? TypedResults.Ok(order) : NotFound(id);

    private static async Task<IResult> GetJourneyAsync(Guid id, OrderFinder orders, CancellationToken cancellationToken) =>
        await orders.FindAsync(id, cancellationToken) is { } order
            ? TypedResults.Ok(new Journey([new JourneyStep("order", order.Number, "done", OrderId.AcceptedAt(id), Id: id.ToString())]))
            : NotFound(id);

    private static ProblemHttpResult NotFound(Guid id) =>
        TypedResults.Problem(title: "There is no such order.", detail: $"No order has the id {id}.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<IResult> ListAsync(
        [AsParameters] OrderQuery query, HttpRequest request, OrderFinder orders, CancellationToken cancellationToken)
    {
        var found = await orders.ListAsync(query, cancellationToken);
        var (items, after, next) = request.Page(found, query.Limit, order => order.Id.ToString());
        return TypedResults.Ok(new OrderPage(items, after, next));
    }
}

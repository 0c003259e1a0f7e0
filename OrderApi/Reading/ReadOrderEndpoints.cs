using FanOut.Contracts;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;

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
        routes.MapGet("/orders", ListAsync)
            .RequireScope(Scopes.OrdersRead)
            .WithName("ListOrders")
            .WithSummary("List orders, newest first")
            .WithDescription(
                "limit: 1 to 200 orders per page (default 50). after: the cursor of the previous page; next is the address of the next page.")
            .Produces<OrderPage>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> GetAsync(Guid id, OrderFinder orders, CancellationToken cancellationToken) =>
        await orders.FindAsync(id, cancellationToken) is { } order
            ? TypedResults.Ok(order)
            : TypedResults.Problem(title: "There is no such order.", detail: $"No order has the id {id}.", statusCode: StatusCodes.Status404NotFound);

    private static async Task<IResult> ListAsync(
        [AsParameters] OrderQuery query, HttpRequest request, OrderFinder orders, CancellationToken cancellationToken)
    {
        var found = await orders.ListAsync(query.After ?? Guid.AllBitsSet, query.Limit + 1, cancellationToken);
        var (items, after, next) = request.Page(found, query.Limit, order => order.Id.ToString());
        return TypedResults.Ok(new OrderPage(items, after, next));
    }
}

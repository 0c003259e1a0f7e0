using System.Globalization;
using FanOut.Contracts;
using FanOut.OrderApi.Validation;

namespace FanOut.OrderApi.Reading;

internal static class ReadOrderEndpoints
{
    private const int DefaultLimit = 50;

    public static void MapReading(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/orders/{id:guid}", GetAsync)
            .WithName("GetOrder")
            .WithSummary("Get an order")
            .Produces<Order>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapGet("/orders", ListAsync)
            .WithName("ListOrders")
            .WithSummary("List orders, newest first")
            .WithDescription("limit: 1 to 200 orders a page (50 unless given). after: the cursor of the page before; next in the answer is the next page's address.")
            .Produces<OrderPage>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> GetAsync(Guid id, OrderFinder orders, CancellationToken cancellationToken) =>
        await orders.FindAsync(id, cancellationToken) is { } order
            ? TypedResults.Ok(order)
            : TypedResults.Problem(title: "There is no such order.", detail: $"No order has the id {id}.", statusCode: StatusCodes.Status404NotFound);

    // Text, not int and Guid: a value that cannot be bound would be refused without naming the parameter.
    private static async Task<IResult> ListAsync(string? limit, string? after, OrderFinder orders, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var atMost = DefaultLimit;
        if (limit is not null
            && (!int.TryParse(limit, NumberStyles.None, CultureInfo.InvariantCulture, out atMost) || atMost is < 1 or > OrderLimits.OrdersPerPage))
        {
            errors.Add("limit", $"must be a whole number from 1 to {OrderLimits.OrdersPerPage}");
        }

        var cursor = Guid.AllBitsSet;
        if (after is not null && !Guid.TryParseExact(after, "D", out cursor))
        {
            errors.Add("after", "must be the cursor of an earlier page");
        }

        if (errors.Any)
        {
            return errors.ToProblem();
        }

        var found = await orders.ListAsync(cursor, atMost + 1, cancellationToken);
        if (found.Count <= atMost)
        {
            return TypedResults.Ok(new OrderPage(found));
        }

        found.RemoveAt(atMost);
        var next = found[^1].Id;
        return TypedResults.Ok(new OrderPage(found, next.ToString(), $"/orders?limit={atMost}&after={next}"));
    }
}

using System.ComponentModel.DataAnnotations;
using FanOut.Contracts;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using Microsoft.AspNetCore.Mvc;

namespace FanOut.OrderApi.Placing;

internal static class PlaceOrderEndpoints
{
    public const string IdempotencyKey = "Idempotency-Key";
    private const string KeyRule = "must be 1 to 255 printable ASCII characters";
    private const string Replayed = "Idempotency-Replayed";

    // An order with every field at its limit takes some 200 KB.
    private const long LargestOrder = 256 * 1024;
    private const long LargestBatch = 4 * 1024 * 1024;

    public static void MapPlacing(this IEndpointRouteBuilder routes)
    {
        Describe(routes.MapPost("/orders", PlaceAsync), LargestOrder)
            .WithName("PlaceOrder")
            .WithSummary("Place an order")
            .Produces<Order>(StatusCodes.Status201Created);
        Describe(routes.MapPost("/orders/batch", PlaceBatchAsync), LargestBatch)
            .WithName("PlaceOrders")
            .WithSummary("Place up to 1,000 orders, all or none")
            .Produces<OrderReceipts>(StatusCodes.Status201Created);
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route, long largestBody) => route
        .RequireScope(Scopes.OrdersWrite)
        .WithDescription(
            "Idempotency-Key (of one account) and an order's number each identify one request. The same request gets the first answer; " +
            "another body with the same key or number gets 422. After a 503 or no answer, send the request again with the same " +
            "key or number: it takes effect once.")
        .WithMetadata(new RequestSizeLimitAttribute(largestBody))
        .AddEndpointFilter((context, next) => context.HttpContext.Request.Headers[IdempotencyKey].Count > 1
            ? ValueTask.FromResult<object?>(RequestErrors.Refuse(IdempotencyKey, "is given more than once"))
            : next(context))
        .ProducesValidationProblem()
        .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static async Task<IResult> PlaceAsync(
        PlaceOrder order,
        [FromHeader(Name = IdempotencyKey), StringLength(255, MinimumLength = 1, ErrorMessage = KeyRule)]
        [RegularExpression("^[ -~]*$", ErrorMessage = KeyRule)]
        string? idempotencyKey,
        HttpContext http,
        OrderWriter writer,
        TimeProvider time)
    {
        var placement = await writer.PlaceAsync(
            Draft.Of(order, time.GetUtcNow()), BoundKey.Of(http.User.Owner(), idempotencyKey, () => Draft.Hash(order)), http.RequestAborted);
        return Answer(http, placement, () => TypedResults.Created($"/orders/{placement.Orders[0].Id}", placement.Orders[0]));
    }

    private static async Task<IResult> PlaceBatchAsync(
        PlaceOrders orders,
        [FromHeader(Name = IdempotencyKey), StringLength(255, MinimumLength = 1, ErrorMessage = KeyRule)]
        [RegularExpression("^[ -~]*$", ErrorMessage = KeyRule)]
        string? idempotencyKey,
        HttpContext http,
        OrderWriter writer,
        TimeProvider time)
    {
        var now = time.GetUtcNow();
        var placement = await writer.PlaceBatchAsync(
            [.. orders.Orders.Select(order => Draft.Of(order, now))],
            BoundKey.Of(http.User.Owner(), idempotencyKey, () => Draft.Hash(orders)),
            http.RequestAborted);
        return Answer(http, placement, () => TypedResults.Created(
            (string?)null,
            new OrderReceipts([.. placement.Orders.Select(order => new OrderReceipt(order.Id, order.Number, order.Currency, order.Total))])));
    }

    private static IResult Answer(HttpContext http, Placement placement, Func<IResult> placed)
    {
        if (placement.Conflict is { } conflict)
        {
            return TypedResults.Problem(new HttpValidationProblemDetails(conflict)
            {
                Status = StatusCodes.Status422UnprocessableEntity,
                Title = "The request conflicts with an earlier one.",
                Detail = "See errors. Nothing was written.",
            });
        }

        if (placement.Placed == 0)
        {
            http.Response.Headers[Replayed] = "true";
        }

        return placed();
    }
}

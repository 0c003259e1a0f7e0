using System.Text.Json;
using FanOut.Contracts;
using FanOut.OrderApi.Validation;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace FanOut.OrderApi.Placing;

internal static class PlaceOrderEndpoints
{
    private const string AnsweredBefore = "Idempotency-Replayed";

    // An order with every field at its limit takes some 200 KB.
    private const long LargestOrder = 256 * 1024;
    private const long LargestBatch = 4 * 1024 * 1024;

    public static void MapPlacing(this IEndpointRouteBuilder routes)
    {
        Describe(routes.MapPost("/orders", PlaceAsync), LargestOrder)
            .WithName("PlaceOrder")
            .WithSummary("Place an order")
            .Accepts<PlaceOrder>("application/json")
            .Produces<Order>(StatusCodes.Status201Created);
        Describe(routes.MapPost("/orders/batch", PlaceBatchAsync), LargestBatch)
            .WithName("PlaceOrders")
            .WithSummary("Place up to 1,000 orders: all of them or none")
            .Accepts<PlaceOrders>("application/json")
            .Produces<OrderReceipts>(StatusCodes.Status201Created);
    }

    private static RouteHandlerBuilder Describe(RouteHandlerBuilder route, long largestBody) => route
        .WithDescription(
            "An Idempotency-Key, and likewise an order's number, stands for one request: sent again with the same body it gives the first answer, with another body 422. " +
            "After a 503 or no answer send the request again with the same key or number: it takes effect once.")
        .WithMetadata(new RequestSizeLimitAttribute(largestBody))
        .ProducesValidationProblem()
        .ProducesValidationProblem(StatusCodes.Status422UnprocessableEntity)
        .ProducesProblem(StatusCodes.Status413PayloadTooLarge)
        .ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
        .ProducesProblem(StatusCodes.Status503ServiceUnavailable);

    private static async Task<IResult> PlaceAsync(
        HttpContext http,
        [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey,
        PlaceOrderReader reader,
        OrderWriter writer,
        TimeProvider time)
    {
        var errors = new FieldErrors();
        var request = await ReadAsync(http, idempotencyKey, reader.ReadOrder, errors);
        if (request is null || errors.Any)
        {
            return errors.ToProblem();
        }

        var placement = await writer.PlaceAsync(
            Draft.Of(request, time.GetUtcNow()),
            idempotencyKey is null ? null : new BoundKey(idempotencyKey, Draft.Hash(request)),
            http.RequestAborted);
        if (placement.Conflict is { } conflict)
        {
            return Refuse(conflict);
        }

        SayIfAnsweredBefore(http, placement);
        var order = placement.Orders[0];
        return TypedResults.Created($"/orders/{order.Id}", order);
    }

    private static async Task<IResult> PlaceBatchAsync(
        HttpContext http,
        [FromHeader(Name = IdempotencyKey.Header)] string? idempotencyKey,
        PlaceOrderReader reader,
        OrderWriter writer,
        TimeProvider time)
    {
        var errors = new FieldErrors();
        var request = await ReadAsync(http, idempotencyKey, reader.ReadBatch, errors);
        if (request is null || errors.Any)
        {
            return errors.ToProblem();
        }

        var now = time.GetUtcNow();
        var drafts = request.Orders.Select(order => Draft.Of(order, now)).ToArray();
        var placement = await writer.PlaceBatchAsync(
            drafts,
            idempotencyKey is null ? null : new BoundKey(idempotencyKey, Draft.Hash(request)),
            http.RequestAborted);
        if (placement.Conflict is { } conflict)
        {
            return Refuse(conflict);
        }

        SayIfAnsweredBefore(http, placement);
        return TypedResults.Created(
            (string?)null,
            new OrderReceipts([.. placement.Orders.Select(order => new OrderReceipt(order.Id, order.Number, order.Currency, order.Total))]));
    }

    private static async Task<T?> ReadAsync<T>(HttpContext http, string? idempotencyKey, Func<JsonElement, FieldErrors, T?> read, FieldErrors errors)
        where T : class
    {
        IdempotencyKey.Check(idempotencyKey, errors);
        using var body = await JsonBody.ReadAsync(http.Request, errors, http.RequestAborted);
        return body is null ? null : read(body.RootElement, errors);
    }

    private static void SayIfAnsweredBefore(HttpContext http, Placement placement)
    {
        if (placement.Placed == 0)
        {
            http.Response.Headers[AnsweredBefore] = "true";
        }
    }

    private static ProblemHttpResult Refuse(FieldErrors conflict) =>
        conflict.ToProblem(StatusCodes.Status422UnprocessableEntity, "An earlier request stands in the way.");
}

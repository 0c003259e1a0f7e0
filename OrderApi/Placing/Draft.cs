using System.Security.Cryptography;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.EventBus;

namespace FanOut.OrderApi.Placing;

/// <summary>An order as it will stand if no earlier one has its number, and the event that says so.</summary>
/// <param name="Order">The order.</param>
/// <param name="Number">What the request gave it as number; null where its id stands for one.</param>
/// <param name="RequestHash">By which the request is known again when its number is; null where it has none.</param>
/// <param name="AcceptedAt">When it was read.</param>
internal sealed record Draft(Order Order, string? Number, byte[]? RequestHash, DateTimeOffset AcceptedAt)
{
    /// <summary>The id of another order, perhaps, that was given as number: orders without a number have their id as number.</summary>
    public Guid? NumberAsId => Number is { Length: 36 } && Guid.TryParseExact(Number, "D", out var id) && id.ToString() == Number ? id : null;

    public static Draft Of(PlaceOrder request, DateTimeOffset now)
    {
        var id = Guid.CreateVersion7(now);
        var lines = new OrderLine[request.Lines.Count];
        var sum = 0m;
        for (var index = 0; index < lines.Length; index++)
        {
            var line = request.Lines[index];
            var amount = line.Quantity * line.UnitPrice * (1 - line.Discount);
            lines[index] = new OrderLine(line.Sku, line.Name, line.Quantity, line.UnitPrice, line.Discount, amount);
            sum += amount;
        }

        var order = new Order(
            id,
            request.Number ?? id.ToString(),
            request.Customer,
            request.Currency,
            lines,
            Currency.Get(request.Currency).Round(sum),
            request.PlacedAt ?? new DateTimeOffset(now.UtcTicks - (now.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero));
        return new Draft(order, request.Number, request.Number is null ? null : Hash(request), now);
    }

    /// <summary>The request with its numbers written in one way: 9.80 and 9.8 are one value.</summary>
    public static PlaceOrder Normalize(PlaceOrder request) => request with
    {
        Lines =
        [
            .. request.Lines.Select(line => line with { UnitPrice = WithoutZeros(line.UnitPrice), Discount = WithoutZeros(line.Discount) }),
        ],
    };

    /// <summary>The same for normalized requests that say the same, however they are spaced, ordered or their numbers written.</summary>
    public static byte[] Hash(PlaceOrder request) =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Default.PlaceOrder));

    public static byte[] Hash(PlaceOrders request) =>
        SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(request, ContractsJson.Default.PlaceOrders));

    public byte[] LinesAsJson() => JsonSerializer.SerializeToUtf8Bytes(Order.Lines, ContractsJson.Default.IReadOnlyListOrderLine);

    public NewEvent<OrderPlaced> ToEvent() => new(
        Order.Id.ToString(),
        new OrderPlaced(Order.Id, Order.Number, Order.Customer, Order.Currency, Order.Lines, Order.Total, Order.PlacedAt))
    {
        Time = AcceptedAt,
    };

    // The division is what takes zeros off, and is slow.
    private static decimal WithoutZeros(decimal value) => value.Scale == 0 ? value : value / 1.0000000000000000000000000000m;
}

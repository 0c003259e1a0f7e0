using System.Security.Cryptography;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.EventBus;

namespace FanOut.OrderApi.Placing;

/// <summary>An order that is placed unless an earlier one has its number.</summary>
/// <param name="Order">The order.</param>
/// <param name="Number">The number in the request; null if there is none, and the id serves as number.</param>
/// <param name="RequestHash">Tells whether another request with this number is the same one; null without a number.</param>
/// <param name="AcceptedAt">When it was read.</param>
internal sealed record Draft(Order Order, string? Number, byte[]? RequestHash, DateTimeOffset AcceptedAt)
{
    /// <summary>The number as an id: it may be the id of an order that was placed without a number.</summary>
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

    /// <summary>The same for requests with the same content, whatever their spacing, order of fields and notation of numbers.</summary>
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
}

using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Validation;
using Refit;

namespace FanOut.Contracts;

public interface IOrderApi
{
    [Post("/orders")]
    Task<Order> PlaceAsync(
        [Body] PlaceOrder order,
        [Header("Idempotency-Key")] string? idempotencyKey = null,
        CancellationToken cancellationToken = default);

    [Post("/orders/batch")]
    Task<OrderReceipts> PlaceBatchAsync(
        [Body] PlaceOrders orders,
        [Header("Idempotency-Key")] string? idempotencyKey = null,
        CancellationToken cancellationToken = default);

    [Get("/orders/{id}")]
    Task<Order> GetAsync(Guid id, CancellationToken cancellationToken = default);

    [Get("/orders")]
    Task<OrderPage> ListAsync(
        int? limit = null,
        string? after = null,
        string? number = null,
        string? customer = null,
        string? email = null,
        CancellationToken cancellationToken = default);

    [Get("/orders/{id}/journey")]
    Task<Journey> GetJourneyAsync(Guid id, CancellationToken cancellationToken = default);
}

/// <summary>The limits of an order. They keep every sum exact: no order needs more than the 28 digits of a decimal.</summary>
public static class OrderLimits
{
    public const int NumberLength = 64;
    public const int CustomerIdLength = 64;
    public const int NameLength = 200;
    public const int EmailLength = 254;
    public const int SkuLength = 64;
    public const int LinesPerOrder = 500;
    public const int OrdersPerBatch = 1_000;
    public const int OrdersPerPage = 200;
    public const int Quantity = 1_000_000;
    public const int UnitPrice = 100_000_000;
    public const int UnitPriceDecimals = 6;
    public const int DiscountDecimals = 4;
    public const long LineAmount = (long)Quantity * UnitPrice;
    public const int LineAmountDecimals = UnitPriceDecimals + DiscountDecimals;
    public const long Total = LinesPerOrder * LineAmount;
    public const int TotalDecimals = 4;
}

public sealed record Customer(
    [property: Text(OrderLimits.CustomerIdLength, IsName = true)] string Id,
    [property: Text(OrderLimits.NameLength)] string Name,
    [property: Text(OrderLimits.EmailLength), Mailbox] string Email);

/// <summary>The body of <c>POST /orders</c>. Without a number, the order's id is its number; without a time, it is placed now.</summary>
[ValidatableType]
public sealed record PlaceOrder(
    Customer Customer,
    [property: Currency] string Currency,
    [property: Length(1, OrderLimits.LinesPerOrder, ErrorMessage = "must hold {1} to {2} lines")] IReadOnlyList<PlaceOrderLine> Lines,
    [property: Text(OrderLimits.NumberLength, IsName = true)] string? Number = null,
    [property: PlacedAt, JsonConverter(typeof(Rfc3339Converter))] DateTimeOffset? PlacedAt = null) : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => Missing.Of(Lines, nameof(Lines));
}

public sealed record PlaceOrderLine(
    [property: Text(OrderLimits.SkuLength, IsName = true)] string Sku,
    [property: Text(OrderLimits.NameLength)] string Name,
    [property: Range(1, OrderLimits.Quantity, ErrorMessage = "must be from {1} to {2}"), JsonConverter(typeof(WholeNumberConverter<int>))]
    int Quantity,
    [property: Amount(OrderLimits.UnitPrice, OrderLimits.UnitPriceDecimals), JsonConverter(typeof(AmountConverter))] decimal UnitPrice,
    [property: Amount(1, OrderLimits.DiscountDecimals), JsonConverter(typeof(AmountConverter))] decimal Discount = 0m);

/// <summary>The body of <c>POST /orders/batch</c>: all orders are placed in one transaction, or none is.</summary>
[ValidatableType]
public sealed record PlaceOrders(
    [property: Length(1, OrderLimits.OrdersPerBatch, ErrorMessage = "must hold {1} to {2} orders")] IReadOnlyList<PlaceOrder> Orders)
    : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        var indexes = new Dictionary<string, int>(StringComparer.Ordinal);
        return
        [
            .. Missing.Of(Orders, nameof(Orders)),
            .. Orders.Index()
                .Where(order => order.Item?.Number is { } number && !indexes.TryAdd(number, order.Index))
                .Select(order => new ValidationResult(
                    $"is also the number of orders[{indexes[order.Item.Number!]}]",
                    [$"{nameof(Orders)}[{order.Index}].{nameof(PlaceOrder.Number)}"])),
        ];
    }
}

/// <summary>An accepted order. Its total is the sum of the lines' amounts, rounded once, half to even, to the currency's minor unit.</summary>
public sealed record Order(
    Guid Id, string Number, Customer Customer, string Currency, IReadOnlyList<OrderLine> Lines, decimal Total, DateTimeOffset PlacedAt);

/// <summary>A line; its amount is quantity x unit price x (1 - discount), exact: only an order's total is rounded.</summary>
public sealed record OrderLine(
    [property: Text(OrderLimits.SkuLength, IsName = true)] string Sku,
    [property: Text(OrderLimits.NameLength)] string Name,
    [property: Range(1, OrderLimits.Quantity, ErrorMessage = "must be from {1} to {2}"), JsonConverter(typeof(WholeNumberConverter<int>))]
    int Quantity,
    [property: Amount(OrderLimits.UnitPrice, OrderLimits.UnitPriceDecimals), JsonConverter(typeof(AmountConverter))] decimal UnitPrice,
    [property: Amount(1, OrderLimits.DiscountDecimals), JsonConverter(typeof(AmountConverter))] decimal Discount,
    [property: Amount(OrderLimits.LineAmount, OrderLimits.LineAmountDecimals)] decimal Amount);

public sealed record OrderReceipt(Guid Id, string Number, string Currency, decimal Total);

/// <summary>The answer of <c>POST /orders/batch</c>, in the order of the request.</summary>
public sealed record OrderReceipts(IReadOnlyList<OrderReceipt> Orders);

/// <summary>The parameters of <c>GET /orders</c>: orders that match all that are given. <c>customer</c> is a customer's id.</summary>
[ValidatableType]
public sealed record OrderQuery(
    [property: Range(1, OrderLimits.OrdersPerPage, ErrorMessage = "must be from {1} to {2}")] int Limit = 50,
    Guid? After = null,
    [property: Text(OrderLimits.NumberLength)] string? Number = null,
    [property: Text(OrderLimits.CustomerIdLength)] string? Customer = null,
    [property: Text(OrderLimits.EmailLength)] string? Email = null);

/// <summary>Orders, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record OrderPage(IReadOnlyList<Order> Orders, string? After = null, string? Next = null);

/// <summary>The items of a list that are null: JSON readers check members, not items.</summary>
internal static class Missing
{
    public static IEnumerable<ValidationResult> Of<T>(IReadOnlyList<T> items, string name)
        where T : class =>
        items.Index().Where(item => item.Item is null).Select(item => new ValidationResult("must not be null", [$"{name}[{item.Index}]"]));
}

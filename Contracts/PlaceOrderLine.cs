using System.ComponentModel.DataAnnotations;

namespace FanOut.Contracts;

public sealed record PlaceOrderLine(
    [property: Length(1, OrderLimits.SkuLength)] string Sku,
    [property: Length(1, OrderLimits.NameLength)] string Name,
    [property: Range(1, OrderLimits.Quantity)] int Quantity,
    [property: Range(0, OrderLimits.UnitPrice)] decimal UnitPrice,
    [property: Range(0, 1)] decimal Discount = 0m);

using System.Text.Json.Serialization;

namespace FanOut.Contracts;

/// <summary>
/// How orders and reports are written in JSON: camel case, decimals as numbers. A missing or null member that may not
/// be is an error.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(PlaceOrder))]
[JsonSerializable(typeof(PlaceOrders))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(OrderReceipts))]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(RevenueReport))]
[JsonSerializable(typeof(TopProducts))]
[JsonSerializable(typeof(IReadOnlyList<OrderLine>))]
public sealed partial class ContractsJson : JsonSerializerContext;

using System.Text.Json.Serialization;

namespace FanOut.Contracts;

/// <summary>The JSON of orders and reports: camel case, decimals as numbers. Missing required members and wrong nulls are errors.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(OrderPlaced))]
[JsonSerializable(typeof(PlaceOrder))]
[JsonSerializable(typeof(PlaceOrders))]
[JsonSerializable(typeof(Order))]
[JsonSerializable(typeof(Customer))]
[JsonSerializable(typeof(OrderReceipts))]
[JsonSerializable(typeof(OrderPage))]
[JsonSerializable(typeof(Journey))]
[JsonSerializable(typeof(RevenueReport))]
[JsonSerializable(typeof(TopProducts))]
[JsonSerializable(typeof(IReadOnlyList<OrderLine>))]
public sealed partial class ContractsJson : JsonSerializerContext;

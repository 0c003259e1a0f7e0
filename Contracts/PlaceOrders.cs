using System.ComponentModel.DataAnnotations;

namespace FanOut.Contracts;

/// <summary>The body of <c>POST /orders/batch</c>: all orders are placed in one transaction, or none is.</summary>
public sealed record PlaceOrders([property: Length(1, OrderLimits.OrdersPerBatch)] IReadOnlyList<PlaceOrder> Orders);

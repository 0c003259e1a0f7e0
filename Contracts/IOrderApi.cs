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
    Task<OrderPage> ListAsync(int? limit = null, string? after = null, CancellationToken cancellationToken = default);
}

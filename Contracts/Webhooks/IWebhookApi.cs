using Refit;

namespace FanOut.Contracts.Webhooks;

public interface IWebhookApi
{
    [Post("/endpoints")]
    Task<WebhookEndpoint> CreateEndpointAsync([Body] PutEndpoint endpoint, CancellationToken cancellationToken = default);

    [Get("/endpoints")]
    Task<EndpointPage> ListEndpointsAsync(int? limit = null, string? after = null, CancellationToken cancellationToken = default);

    [Get("/endpoints/{id}")]
    Task<WebhookEndpoint> GetEndpointAsync(Guid id, CancellationToken cancellationToken = default);

    [Put("/endpoints/{id}")]
    Task<WebhookEndpoint> PutEndpointAsync(Guid id, [Body] PutEndpoint endpoint, CancellationToken cancellationToken = default);

    [Delete("/endpoints/{id}")]
    Task DeleteEndpointAsync(Guid id, CancellationToken cancellationToken = default);

    [Post("/endpoints/{id}/secret")]
    Task<RotatedSecret> RotateSecretAsync(Guid id, [Body] RotateSecret rotation, CancellationToken cancellationToken = default);

    [Get("/deliveries")]
    Task<DeliveryPage> ListDeliveriesAsync(
        Guid? endpoint = null,
        string? state = null,
        Guid? @event = null,
        int? limit = null,
        string? after = null,
        CancellationToken cancellationToken = default);

    [Get("/deliveries/{id}")]
    Task<WebhookDelivery> GetDeliveryAsync(long id, CancellationToken cancellationToken = default);

    [Post("/deliveries/{id}/retry")]
    Task<WebhookDelivery> RetryDeliveryAsync(long id, CancellationToken cancellationToken = default);
}

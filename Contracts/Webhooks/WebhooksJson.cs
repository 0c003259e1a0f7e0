using System.Text.Json.Serialization;

namespace FanOut.Contracts.Webhooks;

/// <summary>How endpoints and deliveries are written in JSON: camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(PutEndpoint))]
[JsonSerializable(typeof(WebhookEndpoint))]
[JsonSerializable(typeof(EndpointPage))]
[JsonSerializable(typeof(RotateSecret))]
[JsonSerializable(typeof(RotatedSecret))]
[JsonSerializable(typeof(WebhookDelivery))]
[JsonSerializable(typeof(DeliveryPage))]
public sealed partial class WebhooksJson : JsonSerializerContext;

using System.Buffers.Text;
using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Validation;
using Refit;
using Url = System.ComponentModel.DataAnnotations.UrlAttribute;

namespace FanOut.Contracts.Webhooks;

public interface IWebhookApi
{
    [Post("/endpoints")]
    Task<WebhookEndpoint> CreateEndpointAsync([Body] CreateEndpoint endpoint, CancellationToken cancellationToken = default);

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

    [Post("/endpoints/{id}/verify")]
    Task<WebhookEndpoint> VerifyEndpointAsync(Guid id, CancellationToken cancellationToken = default);

    [Post("/endpoints/{id}/recover")]
    Task<RecoveredDeliveries> RecoverEndpointAsync(Guid id, [Body] RecoverEndpoint recovery, CancellationToken cancellationToken = default);

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

    [Post("/endpoints/{id}/test")]
    Task<EndpointTest> TestEndpointAsync(Guid id, CancellationToken cancellationToken = default);
}

/// <summary>What operators see and do: endpoints and deliveries of every account.</summary>
public interface IWebhookOperationsApi
{
    [Get("/operations/webhooks")]
    Task<WorkQueueSummary> GetSummaryAsync(CancellationToken cancellationToken = default);

    [Get("/operations/endpoints")]
    Task<EndpointReportPage> ListEndpointsAsync(int? limit = null, string? after = null, CancellationToken cancellationToken = default);

    [Get("/operations/endpoints/{id}")]
    Task<EndpointReport> GetEndpointAsync(Guid id, CancellationToken cancellationToken = default);

    [Post("/operations/endpoints/{id}/enable")]
    Task<WebhookEndpoint> EnableEndpointAsync(Guid id, CancellationToken cancellationToken = default);

    [Post("/operations/endpoints/{id}/disable")]
    Task<WebhookEndpoint> DisableEndpointAsync(Guid id, CancellationToken cancellationToken = default);

    [Post("/operations/endpoints/{id}/secret")]
    Task<RotatedSecret> RotateSecretAsync(Guid id, [Body] RotateSecret rotation, CancellationToken cancellationToken = default);

    [Post("/operations/endpoints/{id}/recover")]
    Task<RecoveredDeliveries> RecoverEndpointAsync(Guid id, [Body] RecoverEndpoint recovery, CancellationToken cancellationToken = default);

    [Post("/operations/endpoints/{id}/test")]
    Task<EndpointTest> TestEndpointAsync(Guid id, CancellationToken cancellationToken = default);

    [Get("/operations/deliveries")]
    Task<DeliveryPage> ListDeliveriesAsync(
        Guid? endpoint = null,
        string? state = null,
        Guid? @event = null,
        int? limit = null,
        string? after = null,
        CancellationToken cancellationToken = default);

    [Post("/operations/deliveries/{id}/retry")]
    Task<WebhookDelivery> RetryDeliveryAsync(long id, CancellationToken cancellationToken = default);

    [Get("/orders/{id}/journey")]
    Task<Journey> GetJourneyAsync(Guid id, CancellationToken cancellationToken = default);
}

/// <summary>
/// How the receiver answered a test event: its status, or null with the error where there was none, and after how long. Nothing is retried, and
/// nothing is recorded against the endpoint.
/// </summary>
public sealed record EndpointTest(bool Succeeded, int? Status, double Seconds, string? Error);

/// <summary>
/// An endpoint with its account and how its last deliveries went, of the last 1,000: how many were delivered and failed for good, the share of
/// finished ones that was delivered, and the median and 95th percentile of the time of their last attempt. <c>pending</c> counts what is due or
/// waits for a retry, up to 10,000: that number means so many or more.
/// </summary>
public sealed record EndpointReport(
    WebhookEndpoint Endpoint,
    string Owner,
    long Pending,
    long Delivered,
    long Failed,
    double? SuccessRate,
    double? P50Seconds,
    double? P95Seconds);

/// <summary>Endpoints, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record EndpointReportPage(IReadOnlyList<EndpointReport> Endpoints, string? After = null, string? Next = null);

/// <summary>The new state of an endpoint. No event types means all.</summary>
[ValidatableType]
public partial record PutEndpoint(
    [property: Text(2_000), Url(ErrorMessage = "must begin with https://")] string Url,
    [property: MaxLength(100, ErrorMessage = "must hold at most {1} event types; none means all")] IReadOnlyList<string>? EventTypes = null,
    bool Enabled = true,
    [property: Text(500, MinimumLength = 0)] string Description = "") : IValidatableObject
{
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => (EventTypes ?? []).Index()
        .Where(type => type.Item is not { Length: <= 100 } || !EventType().IsMatch(type.Item))
        .Select(type => new ValidationResult(
            "must consist of a-z, A-Z, 0-9 and '_', separated by dots, like 'order.placed'",
            [$"{nameof(EventTypes)}[{type.Index}]"]));

    [GeneratedRegex(@"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*\z")]
    private static partial Regex EventType();
}

/// <summary>A new endpoint. Without a secret, one is generated.</summary>
[ValidatableType]
public sealed record CreateEndpoint(
    string Url,
    IReadOnlyList<string>? EventTypes = null,
    bool Enabled = true,
    string Description = "",
    [property: WebhookSecret] string? Secret = null) : PutEndpoint(Url, EventTypes, Enabled, Description);

/// <summary>The new secret. Without it, one is generated.</summary>
[ValidatableType]
public sealed record RotateSecret([property: WebhookSecret] string? Secret = null);

/// <summary>Sends again what was recorded since then and did not arrive.</summary>
[ValidatableType]
public sealed record RecoverEndpoint([property: JsonConverter(typeof(Rfc3339Converter))] DateTimeOffset Since);

/// <summary>How many deliveries are due again.</summary>
public sealed record RecoveredDeliveries(long Recovered);

/// <summary>A signing secret of Standard Webhooks 1.0: <c>whsec_</c> and the base64 of 24 to 64 bytes.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class WebhookSecretAttribute() : RegularExpressionAttribute("^whsec_[A-Za-z0-9+/]{32,86}={0,2}$")
{
    public const string Prefix = "whsec_";

    public override bool IsValid(object? value) => value is null
        || (value is string text && text.StartsWith(Prefix, StringComparison.Ordinal)
            && Base64.IsValid(text.AsSpan(Prefix.Length), out var length) && length is >= 24 and <= 64);

    public override string FormatErrorMessage(string name) => "must be 'whsec_' followed by the base64 of 24 to 64 bytes";
}

/// <summary>Until <c>previousValidUntil</c> every webhook has two signatures, by this secret and by the previous one.</summary>
public sealed record RotatedSecret(string Secret, DateTimeOffset PreviousValidUntil);

/// <summary>Where events are POSTed to. Only the answer to its creation has the secret.</summary>
public sealed record WebhookEndpoint(
    Guid Id,
    string Url,
    IReadOnlyList<string> EventTypes,
    bool Enabled,
    string? DisabledBecause,
    string Description,
    DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt,
    EndpointHealth Health,
    EndpointVerification Verification,
    string? Secret = null);

/// <summary><c>state</c> is <c>unknown</c> before the first attempt, then <c>healthy</c> or <c>failing</c>, by the last attempt.</summary>
public sealed record EndpointHealth(
    string State,
    int ConsecutiveFailures,
    DateTimeOffset? FailingSince,
    DateTimeOffset? LastSuccessAt,
    DateTimeOffset? LastFailureAt,
    string? LastError);

/// <summary>
/// While <c>isAwaited</c>, no event is sent: deliveries wait until the receiver has answered a challenge. <c>error</c> says why the last one
/// failed.
/// </summary>
public sealed record EndpointVerification(bool IsAwaited, DateTimeOffset? VerifiedAt, string? Error);

/// <summary>The parameters of <c>GET /endpoints</c>.</summary>
[ValidatableType]
public sealed record EndpointQuery([property: Range(1, 200, ErrorMessage = "must be from {1} to {2}")] int Limit = 50, Guid? After = null);

/// <summary>Endpoints, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record EndpointPage(IReadOnlyList<WebhookEndpoint> Endpoints, string? After = null, string? Next = null);

/// <summary>
/// The delivery of one event to one endpoint. <c>state</c> is <c>pending</c>, <c>delivered</c>, <c>failed</c> or <c>cancelled</c>: not sent,
/// because the endpoint was disabled or deleted.
/// </summary>
public sealed record WebhookDelivery(
    long Id,
    Guid EndpointId,
    Guid EventId,
    string EventType,
    string Subject,
    string State,
    bool InFlight,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? LastAttemptAt,
    DateTimeOffset? FinishedAt,
    int? LastStatus,
    string? LastError,
    double? LastSeconds = null);

/// <summary>The parameters of <c>GET /deliveries</c>.</summary>
[ValidatableType]
public sealed record DeliveryQuery(
    Guid? Endpoint = null,
    [property: OneOf("pending", "delivered", "failed", "cancelled")] string? State = null,
    Guid? Event = null,
    [property: Range(1, 200, ErrorMessage = "must be from {1} to {2}")] int Limit = 50,
    [property: Cursor] string? After = null);

/// <summary>Deliveries, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record DeliveryPage(IReadOnlyList<WebhookDelivery> Deliveries, string? After = null, string? Next = null);

/// <summary>How endpoints and deliveries are written in JSON: camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(PutEndpoint))]
[JsonSerializable(typeof(CreateEndpoint))]
[JsonSerializable(typeof(WebhookEndpoint))]
[JsonSerializable(typeof(EndpointPage))]
[JsonSerializable(typeof(RotateSecret))]
[JsonSerializable(typeof(RotatedSecret))]
[JsonSerializable(typeof(RecoverEndpoint))]
[JsonSerializable(typeof(RecoveredDeliveries))]
[JsonSerializable(typeof(WebhookDelivery))]
[JsonSerializable(typeof(DeliveryPage))]
[JsonSerializable(typeof(EndpointTest))]
[JsonSerializable(typeof(EndpointReport))]
[JsonSerializable(typeof(EndpointReportPage))]
[JsonSerializable(typeof(WorkQueueSummary))]
[JsonSerializable(typeof(Journey))]
public sealed partial class WebhooksJson : JsonSerializerContext;

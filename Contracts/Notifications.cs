using System.ComponentModel.DataAnnotations;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Validation;
using Refit;

namespace FanOut.Contracts.Notifications;

public interface INotificationApi
{
    [Get("/notifications")]
    Task<NotificationPage> ListAsync(
        string? state = null, string? subject = null, int? limit = null, string? after = null, CancellationToken cancellationToken = default);

    [Get("/notifications/{id}")]
    Task<Notification> GetAsync(long id, CancellationToken cancellationToken = default);

    [Post("/notifications/{id}/retry")]
    Task<Notification> RetryAsync(long id, CancellationToken cancellationToken = default);

    [Get("/notifications/summary")]
    Task<WorkQueueSummary> GetSummaryAsync(CancellationToken cancellationToken = default);

    [Get("/orders/{id}/journey")]
    Task<Journey> GetJourneyAsync(Guid id, CancellationToken cancellationToken = default);
}

/// <summary>A mail about one event. <c>state</c> is <c>pending</c>, <c>sent</c> or <c>failed</c>.</summary>
public sealed record Notification(
    long Id,
    Guid EventId,
    string Subject,
    string Recipient,
    string State,
    int Attempts,
    DateTimeOffset CreatedAt,
    DateTimeOffset? NextAttemptAt,
    DateTimeOffset? FinishedAt,
    string? LastError);

/// <summary>The parameters of <c>GET /notifications</c>.</summary>
[ValidatableType]
public sealed record NotificationQuery(
    [property: OneOf("pending", "sent", "failed")] string? State = null,
    [property: Text(200, MinimumLength = 0)] string? Subject = null,
    [property: Range(1, 200, ErrorMessage = "must be from {1} to {2}")] int Limit = 50,
    [property: Cursor] string? After = null);

/// <summary>Notifications, newest first, and the next page: its cursor (<c>after</c>) and relative address, both null on the last.</summary>
public sealed record NotificationPage(IReadOnlyList<Notification> Notifications, string? After = null, string? Next = null);

/// <summary>How notifications are written in JSON: camel case.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true)]
[JsonSerializable(typeof(Notification))]
[JsonSerializable(typeof(NotificationPage))]
[JsonSerializable(typeof(WorkQueueSummary))]
[JsonSerializable(typeof(Journey))]
public sealed partial class NotificationsJson : JsonSerializerContext;

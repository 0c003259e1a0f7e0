using Refit;

namespace FanOut.Contracts.Notifications;

public interface INotificationApi
{
    [Get("/notifications")]
    Task<NotificationPage> ListAsync(string? state = null, string? subject = null, int? limit = null, string? after = null, CancellationToken cancellationToken = default);

    [Get("/notifications/{id}")]
    Task<Notification> GetAsync(long id, CancellationToken cancellationToken = default);

    [Post("/notifications/{id}/retry")]
    Task<Notification> RetryAsync(long id, CancellationToken cancellationToken = default);
}

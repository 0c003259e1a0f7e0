using System.Net.Http.Headers;
using System.Text.Json;
using FanOut.Contracts;
using FanOut.Contracts.Notifications;
using FanOut.Contracts.Operations;
using FanOut.Contracts.Webhooks;
using Refit;

namespace FanOut.StreamConsole.Clients;

/// <summary>The other services, called with one person's key or token.</summary>
internal sealed class ServiceClients(IHttpClientFactory factory, string token)
{
    public const string OrderApi = "order-api";
    public const string WebhookWorker = "webhook-worker";
    public const string AnalyticsWorker = "analytics-worker";
    public const string NotificationWorker = "notification-worker";
    public const string Reclaimer = "reclaimer";

    public static IReadOnlyList<string> Names { get; } = [OrderApi, WebhookWorker, AnalyticsWorker, NotificationWorker, Reclaimer];

    /// <summary>The service that runs a group's lanes.</summary>
    public static string WorkerOf(string group) => group switch
    {
        "webhook-delivery" => WebhookWorker,
        "notification-sender" => NotificationWorker,
        _ => AnalyticsWorker,
    };

    public IOrderApi Orders => field ??= Client<IOrderApi>(OrderApi, ContractsJson.Default.Options);

    public IOperationsApi Operations => field ??= Client<IOperationsApi>(Reclaimer, OperationsJson.Default.Options);

    public IWebhookOperationsApi Webhooks => field ??= Client<IWebhookOperationsApi>(WebhookWorker, WebhooksJson.Default.Options);

    public IAnalyticsApi Analytics => field ??= Client<IAnalyticsApi>(AnalyticsWorker, ContractsJson.Default.Options);

    public INotificationApi Notifications => field ??= Client<INotificationApi>(NotificationWorker, NotificationsJson.Default.Options);

    /// <summary>Reads the health of a service, also where it is not healthy.</summary>
    public async Task<ServiceHealth> GetHealthAsync(string service, CancellationToken cancellationToken)
    {
        using var http = Http(service);
        using var response = await http.GetAsync(new Uri("/health", UriKind.Relative), cancellationToken);
        return await response.Content.ReadFromJsonAsync<ServiceHealth>(JsonSerializerOptions.Web, cancellationToken)
            ?? throw new JsonException("The answer is null.");
    }

    private T Client<T>(string service, JsonSerializerOptions json) =>
        RestService.For<T>(Http(service), new RefitSettings(new SystemTextJsonContentSerializer(json)));

    private HttpClient Http(string service)
    {
        var http = factory.CreateClient(service);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return http;
    }
}

/// <summary>The answer of <c>/health</c>: <c>Healthy</c>, <c>Degraded</c> or <c>Unhealthy</c>, and why.</summary>
public sealed record ServiceHealth(string Status, IReadOnlyDictionary<string, HealthEntry> Checks)
{
    /// <summary>What the first check that is not healthy says.</summary>
    public string? Reason => Checks.Where(check => check.Value.Status != "Healthy")
        .Select(check => check.Value.Description ?? $"The check {check.Key} says {check.Value.Status}.").FirstOrDefault();
}

public sealed record HealthEntry(string Status, string? Description);

using FanOut.Contracts;
using FanOut.Contracts.Webhooks;
using FanOut.EventBus;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.WorkQueues;
using FanOut.WebhookWorker.Deliveries;
using FanOut.WebhookWorker.Dispatching;
using FanOut.WebhookWorker.Endpoints;
using FanOut.WebhookWorker.Operations;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker;

internal static class WebhookWorkerServices
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, WebhooksJson.Default));
        services.AddContractsValidation();
        services.AddOpenApi(options => options.Describe(
            "FanOut webhooks",
            "Manages the endpoints that events are POSTed to, and shows every delivery."));
        return services
            .AddSchemaMigrations("access", typeof(Scopes).Assembly, isShared: true)
            .AddSchemaMigrations("webhooks", typeof(WebhookWorkerServices).Assembly)
            .AddSingleton<WebhookMetrics>()
            .AddSingleton<AddressPolicy>()
            .AddSingleton<EndpointSecrets>()
            .AddSingleton<EndpointStore>()
            .AddSingleton<ReceiverProbe>()
            .AddSingleton<UrlVerification>()
            .AddSingleton<OrderJourney>()
            .AddSingleton<DeliveryStore>()
            .AddSingleton<DeliveryQueue>()
            .AddSingleton<DispatchSignal>()
            .AddSingleton<AttemptPolicy>()
            .AddSingleton<WebhookClient>()
            .AddHostedService<PlainSecrets>()
            .AddHostedService<Dispatcher>()
            .AddSingleton(provider => SweepOf(
                provider.GetRequiredService<IOptions<WebhookOptions>>().Value,
                provider.GetRequiredService<WebhookMetrics>()))
            .AddHostedService<Sweeper>();
    }

    // Deliveries before their events and endpoints.
    private static Sweep SweepOf(WebhookOptions options, WebhookMetrics metrics) =>
        new(
            [Sql("cancel_pending.sql"), Sql("delete_deliveries.sql"), Sql("delete_events.sql"), Sql("delete_endpoints.sql")],
            options.Retention,
            options.SweepInterval,
            Sql("measure_backlog.sql"),
            metrics.Measured);

    private static string Sql(string name) => EmbeddedSql.Read(typeof(WebhookWorkerServices), $"Retention.{name}");
}

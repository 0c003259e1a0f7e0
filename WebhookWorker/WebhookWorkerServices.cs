using FanOut.Contracts.Webhooks;
using FanOut.EventBus.Migrations;
using FanOut.WebhookWorker.Deliveries;
using FanOut.WebhookWorker.Dispatching;
using FanOut.WebhookWorker.Endpoints;
using FanOut.WebhookWorker.Retention;

namespace FanOut.WebhookWorker;

internal static class WebhookWorkerServices
{
    public static IServiceCollection AddWebhooks(this IServiceCollection services)
    {
        services.AddOptions<WebhookOptions>().BindConfiguration(WebhookOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, WebhooksJson.Default));
        return services
            .AddSchemaMigrations("webhooks", typeof(WebhookWorkerServices).Assembly)
            .AddSingleton<WebhookMetrics>()
            .AddSingleton<AddressPolicy>()
            .AddSingleton<EndpointReader>()
            .AddSingleton<EndpointStore>()
            .AddSingleton<DeliveryStore>()
            .AddSingleton<DeliveryQueue>()
            .AddSingleton<DispatchSignal>()
            .AddSingleton<AttemptPolicy>()
            .AddSingleton<WebhookClient>()
            .AddHostedService<Dispatcher>()
            .AddHostedService<Sweeper>();
    }
}

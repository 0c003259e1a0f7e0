using FanOut.Contracts.Notifications;
using FanOut.EventBus.Migrations;
using FanOut.NotificationWorker.Emails;
using FanOut.NotificationWorker.Reading;
using FanOut.NotificationWorker.Retention;
using FanOut.NotificationWorker.Sending;

namespace FanOut.NotificationWorker;

internal static class NotificationWorkerServices
{
    public static IServiceCollection AddNotifications(this IServiceCollection services)
    {
        services.AddOptions<SmtpOptions>().BindConfiguration(SmtpOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<NotificationOptions>().BindConfiguration(NotificationOptions.SectionName).ValidateDataAnnotations()
            .Validate<Microsoft.Extensions.Options.IOptions<SmtpOptions>>(
                (notifications, smtp) => notifications.Lease >= 6 * smtp.Value.Timeout,
                "Notifications:Lease must be at least six times Smtp:Timeout (half of it for connecting, login and sending), or a mail that is being sent could be sent by another as well.")
            .ValidateOnStart();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, NotificationsJson.Default));
        return services
            .AddSchemaMigrations("notifications", typeof(NotificationWorkerServices).Assembly)
            .AddSingleton<NotificationMetrics>()
            .AddSingleton<NotificationStore>()
            .AddSingleton<EmailQueue>()
            .AddSingleton<OrderConfirmation>()
            .AddSingleton<MailSessionFactory>()
            .AddSingleton<DispatchSignal>()
            .AddHostedService<Dispatcher>()
            .AddHostedService<Sweeper>();
    }
}

using FanOut.Contracts;
using FanOut.Contracts.Notifications;
using FanOut.EventBus;
using FanOut.NotificationWorker.Emails;
using FanOut.NotificationWorker.Reading;
using FanOut.NotificationWorker.Retention;
using FanOut.NotificationWorker.Sending;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.WorkQueues;
using Microsoft.Extensions.Options;

namespace FanOut.NotificationWorker;

internal static class NotificationWorkerServices
{
    public static IServiceCollection AddNotifications(this IServiceCollection services)
    {
        services.AddOptions<SmtpOptions>().BindConfiguration(SmtpOptions.SectionName).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<NotificationOptions>().BindConfiguration(NotificationOptions.SectionName).ValidateDataAnnotations()
            .Validate<IOptions<SmtpOptions>>(
                (notifications, smtp) => notifications.Lease >= 6 * smtp.Value.Timeout,
                "Notifications:Lease must be at least six times Smtp:Timeout (half of it for connecting, login and sending), " +
                "or two workers could send the same mail.")
            .ValidateOnStart();
        services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, NotificationsJson.Default));
        services.AddContractsValidation();
        services.AddOpenApi(options => options.Describe("FanOut notifications", "Shows the mails about orders."));
        return services
            .AddSchemaMigrations("access", typeof(Scopes).Assembly, isShared: true)
            .AddSchemaMigrations("notifications", typeof(NotificationWorkerServices).Assembly)
            .AddSingleton<NotificationMetrics>()
            .AddSingleton<NotificationStore>()
            .AddSingleton<EmailQueue>()
            .AddSingleton<OrderConfirmation>()
            .AddSingleton<MailSessionFactory>()
            .AddSingleton<DispatchSignal>()
            .AddHostedService<Dispatcher>()
            .AddSingleton(provider => SweepOf(
                provider.GetRequiredService<IOptions<NotificationOptions>>().Value,
                provider.GetRequiredService<NotificationMetrics>()))
            .AddHostedService<Sweeper>()
            .AddHostedService<PickupSweeper>();
    }

    private static Sweep SweepOf(NotificationOptions options, NotificationMetrics metrics) =>
        new(
            [Sql("fail_pending.sql"), Sql("delete_emails.sql")],
            options.Retention,
            options.SweepInterval,
            Sql("measure_backlog.sql"),
            metrics.Measured);

    private static string Sql(string name) => EmbeddedSql.Read(typeof(NotificationWorkerServices), $"Retention.{name}");
}

using FanOut.Contracts.Notifications;
using FanOut.NotificationWorker;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.NotificationWorker;

/// <summary>A notification worker with short delays, used over its HTTP API and its stream.</summary>
internal sealed class Notifications : IAsyncDisposable
{
    private Notifications(ServiceHost<NotificationOptions> host)
    {
        Host = host;
        Api = RestService.For<INotificationApi>(host.Http);
    }

    public ServiceHost<NotificationOptions> Host { get; }

    public INotificationApi Api { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<Notifications> StartAsync(
        OrderStream orders, params IEnumerable<(string Key, string Value)> settings)
    {
        var all = new Dictionary<string, string>([.. orders.Settings, .. Settings]);
        foreach (var (key, value) in settings)
        {
            all[key] = value;
        }

        return new(await ServiceHost<NotificationOptions>.StartAsync(all, orders.Database, Cancellation));
    }

    private static Dictionary<string, string> Settings => new()
    {
        ["EventBus:Consumer:Lanes"] = "1",
        ["Smtp:From"] = "Shöp <orders@shop.example>",
        ["Notifications:RetrySchedule:0"] = "00:00:00.05",
        ["Notifications:RetrySchedule:1"] = "00:00:00.05",
        ["Notifications:PollInterval"] = "00:00:00.1",
        ["Notifications:SweepInterval"] = "00:00:00.2",
    };

    public static (string, string)[] To(SmtpSink sink) => [("Smtp:Host", "127.0.0.1"), ("Smtp:Port", $"{sink.Port}"), ("Smtp:Security", "None")];

    public async Task<Notification> BecomesAsync(string state, Func<Notification, bool>? and = null)
    {
        Notification? found = null;
        await Eventually.BecomesTrueAsync(
            async () =>
            {
                found = (await Api.ListAsync(state, cancellationToken: Cancellation)).Notifications.FirstOrDefault(and ?? (_ => true));
                return found is not null;
            });
        return found!;
    }

    public async Task<long> CountAsync(string sql)
    {
        await using var command = Host.Database.DataSource.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    public Task CountBecomesAsync(string sql, long count) =>
        Eventually.BecomesTrueAsync(async () => await CountAsync(sql) == count);

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Host.Database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

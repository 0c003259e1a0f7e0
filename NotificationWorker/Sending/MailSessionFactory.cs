using Microsoft.Extensions.Options;

namespace FanOut.NotificationWorker.Sending;

internal sealed class MailSessionFactory(IOptions<SmtpOptions> options, IHostEnvironment environment, TimeProvider time)
{
    public IMailSession[] Create() => [.. Enumerable.Range(0, options.Value.Connections).Select<int, IMailSession>(_ =>
        string.IsNullOrWhiteSpace(options.Value.Host) ? new PickupSession(options, environment) : new SmtpSession(options, time))];
}

using Microsoft.Extensions.Options;

namespace FanOut.NotificationWorker.Sending;

internal sealed class MailSessionFactory(IOptions<SmtpOptions> options, IHostEnvironment environment, TimeProvider time)
{
    public IMailSession Create() => string.IsNullOrWhiteSpace(options.Value.Host) ? new PickupSession(options, environment) : new SmtpSession(options, time);
}

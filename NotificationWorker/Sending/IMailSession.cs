using MimeKit;

namespace FanOut.NotificationWorker.Sending;

/// <summary>A way out for mails, used by one sender at a time.</summary>
internal interface IMailSession : IAsyncDisposable
{
    /// <summary>Whether the recipient would notice if a mail were sent again.</summary>
    bool RepeatsShow { get; }

    /// <exception cref="MailRefusedException">This mail was refused, for now or for good.</exception>
    /// <exception cref="MailServerAwayException">No mail at all can be sent now.</exception>
    Task SendAsync(MimeMessage message, Guid eventId, CancellationToken cancellationToken);

    /// <summary>There is nothing more to send for now.</summary>
    Task RestAsync(CancellationToken cancellationToken);
}

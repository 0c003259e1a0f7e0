using MimeKit;

namespace FanOut.NotificationWorker.Sending;

/// <summary>Sends mails, one at a time.</summary>
internal interface IMailSession : IAsyncDisposable
{
    /// <summary>Whether the recipient gets a mail twice if it is sent again.</summary>
    bool RepeatsShow { get; }

    /// <exception cref="MailRefusedException">This mail was refused, temporarily or permanently.</exception>
    /// <exception cref="MailServerAwayException">No mail can be sent now.</exception>
    Task SendAsync(MimeMessage message, Guid eventId, CancellationToken cancellationToken);

    /// <summary>Closes the connection until the next mail.</summary>
    Task RestAsync(CancellationToken cancellationToken);
}

namespace FanOut.NotificationWorker.Sending;

/// <param name="message">May have what the server said, and so the recipient's address: it is kept with the mail.</param>
/// <param name="reason">The same for logs and traces.</param>
/// <param name="forGood">Whether it is not to be tried again.</param>
/// <param name="inner">The cause.</param>
internal sealed class MailRefusedException(string message, string reason, bool forGood, Exception? inner = null) : Exception(message, inner)
{
    public string Reason => reason;

    public bool ForGood => forGood;

    /// <summary>Refused for a reason that has no personal data.</summary>
    public static MailRefusedException Of(string message, bool forGood, Exception? inner = null) => new(message, message, forGood, inner);
}

internal sealed class MailServerAwayException(string message, Exception? inner = null) : Exception(message, inner);

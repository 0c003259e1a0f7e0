namespace FanOut.NotificationWorker.Sending;

internal sealed class MailRefusedException(string message, bool forGood, Exception? inner = null) : Exception(message, inner)
{
    public bool ForGood => forGood;
}

internal sealed class MailServerAwayException(string message, Exception? inner = null) : Exception(message, inner);

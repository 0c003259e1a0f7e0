namespace FanOut.NotificationWorker.Sending;

internal sealed class MailRefusedException(string message, bool forGood, Exception? inner = null) : Exception(message, inner)
{
    public bool ForGood { get; } = forGood;
}

namespace FanOut.NotificationWorker.Sending;

internal sealed class MailServerAwayException(string message, Exception? inner = null) : Exception(message, inner);

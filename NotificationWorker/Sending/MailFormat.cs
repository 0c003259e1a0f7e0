using System.Text;
using MimeKit;

namespace FanOut.NotificationWorker.Sending;

internal static class MailFormat
{
    /// <summary>How a mail is written: international (UTF-8 in headers and commands) only if a local part needs it.</summary>
    public static FormatOptions Format(this MimeMessage message)
    {
        var format = FormatOptions.Default.Clone();
        format.NewLineFormat = NewLineFormat.Dos;
        format.International = message.To.Mailboxes.Any(mailbox => !Ascii.IsValid(mailbox.GetAddress(idnEncode: true)));
        return format;
    }
}

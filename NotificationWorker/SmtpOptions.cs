using System.ComponentModel.DataAnnotations;
using MailKit.Security;
using MimeKit;

namespace FanOut.NotificationWorker;

internal sealed class SmtpOptions : IValidatableObject
{
    public const string SectionName = "Smtp";

    /// <summary>The mail server. Without one, mails are written to <see cref="PickupFolder"/>.</summary>
    public string? Host { get; set; }

    [Range(0, 65_535, ErrorMessage = "Smtp:Port must be 1 to 65535, or 0 for the usual one.")]
    public int Port { get; set; }

    /// <summary>None, Auto, SslOnConnect, StartTls or StartTlsWhenAvailable. Default Auto: TLS at once on port 465, otherwise STARTTLS where offered.</summary>
    public SecureSocketOptions Security { get; set; } = SecureSocketOptions.Auto;

    public string? User { get; set; }

    public string? Password { get; set; }

    /// <summary>The sender, as <c>Name &lt;address&gt;</c> or an address.</summary>
    public string From { get; set; } = "FanOut orders <orders@fanout.example>";

    /// <summary>How long connecting, or sending one mail, may take. Default 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    [Range(1, 32, ErrorMessage = "Smtp:Connections must be 1 to 32.")]
    public int Connections { get; set; } = 2;

    /// <summary>Where mails go as .eml files when there is no <see cref="Host"/>; relative to the content root.</summary>
    [Required(ErrorMessage = "Smtp:PickupFolder is missing: name a folder, or set Smtp:Host.")]
    public string PickupFolder { get; set; } = ".data/mail";

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!MailboxAddress.TryParse(From, out var sender) || !sender.Address.Contains('@', StringComparison.Ordinal) || sender.Address.EndsWith('@'))
        {
            yield return new($"{SectionName}:{nameof(From)} is '{From}', but must be an e-mail address, such as 'Shop <orders@shop.example>'.", [nameof(From)]);
        }

        if (string.IsNullOrEmpty(User) != string.IsNullOrEmpty(Password))
        {
            yield return new($"{SectionName}:{nameof(User)} and {SectionName}:{nameof(Password)} must be set both, or neither.", [nameof(User)]);
        }

        if (!string.IsNullOrEmpty(User) && Security == SecureSocketOptions.None)
        {
            yield return new($"{SectionName}:{nameof(Security)} is None, which would send {SectionName}:{nameof(Password)} unencrypted: set StartTls or SslOnConnect.", [nameof(Security)]);
        }

        if (!Enum.IsDefined(Security))
        {
            yield return new($"{SectionName}:{nameof(Security)} must be None, Auto, SslOnConnect, StartTls or StartTlsWhenAvailable.", [nameof(Security)]);
        }

        if (Timeout < TimeSpan.FromMilliseconds(100) || Timeout > TimeSpan.FromMinutes(10))
        {
            yield return new($"{SectionName}:{nameof(Timeout)} is {Timeout}, but must be 0.1 s to 10 min.", [nameof(Timeout)]);
        }
    }
}

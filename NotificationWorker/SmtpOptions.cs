using System.ComponentModel.DataAnnotations;
using FanOut.ServiceDefaults;
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

    /// <summary>None, Auto, SslOnConnect, StartTls or StartTlsWhenAvailable. Default Auto: TLS on port 465, otherwise STARTTLS if offered.</summary>
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
            yield return new($"Smtp:From is '{From}', but must be an e-mail address, like 'Shop <orders@shop.example>'.", [nameof(From)]);
        }

        if (string.IsNullOrEmpty(User) != string.IsNullOrEmpty(Password))
        {
            yield return new("Set both Smtp:User and Smtp:Password, or neither.", [nameof(User)]);
        }

        if (!string.IsNullOrEmpty(User) && Security == SecureSocketOptions.None)
        {
            yield return new("Smtp:Security is None, so Smtp:Password would be sent unencrypted: set StartTls or SslOnConnect.", [nameof(Security)]);
        }

        if (!Enum.IsDefined(Security))
        {
            yield return new("Smtp:Security must be None, Auto, SslOnConnect, StartTls or StartTlsWhenAvailable.", [nameof(Security)]);
        }

        (string, TimeSpan, TimeSpan, TimeSpan) timeout = (nameof(Timeout), Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(10));
        foreach (var problem in SettingRules.Ranges(SectionName, timeout))
        {
            yield return problem;
        }
    }
}

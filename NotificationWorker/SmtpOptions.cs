using System.ComponentModel.DataAnnotations;
using System.Text;
using FanOut.Contracts;
using FanOut.ServiceDefaults;
using MailKit.Security;
using MimeKit;

namespace FanOut.NotificationWorker;

internal sealed class SmtpOptions : IValidatableObject
{
    public const string SectionName = "Smtp";

    private const int ImplicitTlsPort = 465;

    /// <summary>The mail server. Without one, mails are written to <see cref="PickupFolder"/>.</summary>
    public string? Host { get; set; }

    [Range(0, 65_535, ErrorMessage = "Smtp:Port must be 1 to 65535, or 0 for the usual one.")]
    public int Port { get; set; }

    /// <summary>
    /// Auto, SslOnConnect, StartTls, StartTlsWhenAvailable or None. Default Auto: TLS is required, at once on port 465, otherwise by STARTTLS. Only
    /// StartTlsWhenAvailable and None send mails unencrypted.
    /// </summary>
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

    /// <summary>MailKit's Auto does without TLS where none is offered.</summary>
    internal SecureSocketOptions EffectiveSecurity => Security switch
    {
        SecureSocketOptions.Auto => Port == ImplicitTlsPort ? SecureSocketOptions.SslOnConnect : SecureSocketOptions.StartTls,
        _ => Security,
    };

    /// <summary>
    /// <see cref="From"/>; null if it is not valid. Its local part is ASCII, or no mail could be sent through a server without SMTPUTF8.
    /// </summary>
    internal MailboxAddress? Sender =>
        MailboxAddress.TryParse(From, out var from) && EmailAddress.TryParse(from.Address, out var address) && Ascii.IsValid(address)
            ? new MailboxAddress(from.Name, address)
            : null;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!string.IsNullOrWhiteSpace(Host) && Uri.CheckHostName(Host) == UriHostNameType.Unknown)
        {
            yield return new($"Smtp:Host is '{Host}', but must be a host name or an IP address. The port is set by Smtp:Port.", [nameof(Host)]);
        }

        if (Sender is null)
        {
            yield return new(
                $"Smtp:From is '{From}', but must be an e-mail address like 'Shop <orders@shop.example>', in ASCII before the '@'.", [nameof(From)]);
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

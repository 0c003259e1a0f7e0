using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MimeKit;

namespace FanOut.Contracts;

/// <summary>The one rule for e-mail addresses: the API accepts exactly what the mailer can send to.</summary>
public static partial class EmailAddress
{
    internal const string Rule = "must be one e-mail address without name, quotes, comment or IP address, like ada@example.com";

    // RFC 5321, 4.5.3.1: octets of the local part, and of the whole address in a command.
    private const int LocalPartLength = 64;
    private const int AddressLength = 254;

    private static readonly IdnMapping Domains = new() { UseStd3AsciiRules = true };

    private static readonly ParserOptions Strict = new()
    {
        AddressParserComplianceMode = RfcComplianceMode.Strict,
        AllowAddressesWithoutDomain = false,
        AllowUnquotedCommasInAddresses = false,
    };

    /// <summary>Checks an address.</summary>
    /// <param name="text">The address alone, without a display name. An international domain may be in Unicode or in ASCII.</param>
    /// <param name="address">The same address with its domain in ASCII, as every mail server takes it. The local part may be in Unicode.</param>
    public static bool TryParse(string? text, out string address)
    {
        address = "";
        if (Form().Match(text ?? "") is not { Success: true } form)
        {
            return false;
        }

        var (local, domain) = (form.Groups["local"].Value, ToAscii(form.Groups["domain"].Value));
        var candidate = $"{local}@{domain}";
        if (domain is null
            || Encoding.UTF8.GetByteCount(local) > LocalPartLength
            || Encoding.UTF8.GetByteCount(candidate) > AddressLength
            || !MailboxAddress.TryParse(Strict, candidate, out var mailbox)
            || mailbox.GetAddress(idnEncode: true) != candidate)
        {
            return false;
        }

        address = candidate;
        return true;
    }

    // There and back, or an invalid xn-- label would pass.
    private static string? ToAscii(string domain)
    {
        try
        {
            var ascii = Domains.GetAscii(domain.ToLowerInvariant());
            var unicode = Domains.GetUnicode(ascii);
            return Form().IsMatch($"a@{unicode}") && Domains.GetAscii(unicode) == ascii ? ascii : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    // No quotes: many servers refuse them. No format characters: they are not seen. The rest of the form is MimeKit's to check.
    [GeneratedRegex(@"^(?<local>[^\s@""\p{C}]+)@(?<domain>[\p{L}\p{M}\p{N}.-]+)\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}

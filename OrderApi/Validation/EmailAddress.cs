using System.Text.RegularExpressions;

namespace FanOut.OrderApi.Validation;

/// <summary>One mailbox, without display name, comment or quoting: what a mail server surely takes, and nothing that could smuggle in a header.</summary>
internal static partial class EmailAddress
{
    public static bool IsValid(string text) => Form().IsMatch(text);

    // No character fits two neighbouring parts, so there is never a second way to match, and nothing to backtrack for.
    [GeneratedRegex(@"^[^\s@""(),:;<>\[\]\\\p{C}]{1,64}@[\p{L}\p{N}-]{1,63}(?:\.[\p{L}\p{N}-]{1,63})*\z", RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}

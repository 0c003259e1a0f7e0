using System.Text.RegularExpressions;

namespace FanOut.OrderApi.Validation;

/// <summary>One mailbox, without display name, comment or quoting: what a mail server surely takes, and nothing that could smuggle in a header.</summary>
internal static partial class EmailAddress
{
    public static bool IsValid(string text) => Form().IsMatch(text);

    [GeneratedRegex(
        @"^[^\s@""(),:;<>\[\]\\\p{C}]{1,64}@[\p{L}\p{N}-]{1,63}(\.[\p{L}\p{N}-]{1,63})*$",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}

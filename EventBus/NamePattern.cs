using System.Text.RegularExpressions;

namespace FanOut.EventBus;

internal static partial class NamePattern
{
    public static bool IsMatch(string? value) => value is not null && Pattern().IsMatch(value);

    public static string Check(string value, string kind, string parameter)
    {
        ArgumentNullException.ThrowIfNull(value, parameter);
        return Pattern().IsMatch(value)
            ? value
            : throw new ArgumentException(
                $"'{value}' is not a {kind} name: use 1 to 100 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit.",
                parameter);
    }

    [GeneratedRegex(@"^[a-z0-9][a-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Pattern();
}

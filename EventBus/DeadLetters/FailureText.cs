using System.Text;

namespace FanOut.EventBus.DeadLetters;

/// <summary>Makes text from handlers and from the wire something that Postgres can hold: no NUL, no half of a surrogate pair, and not too long.</summary>
internal static class FailureText
{
    private const int Longest = 4_000;

    public static string Clean(string text)
    {
        var clean = new StringBuilder(Math.Min(text.Length, Longest));

        // An invalid unit is enumerated as U+FFFD.
        foreach (var rune in text.EnumerateRunes())
        {
            if (clean.Length + rune.Utf16SequenceLength > Longest)
            {
                break;
            }

            clean.Append(rune.Value == 0 ? Rune.ReplacementChar : rune);
        }

        return clean.ToString();
    }
}

using System.Text;
using System.Text.Json;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Patterns (SQL's <c>like</c>) of data that contains a text, in the notation in which Postgres shows bytes, <c>encode(data, 'escape')</c>, in small
/// letters.
/// </summary>
internal static class DataPattern
{
    /// <returns>The patterns of the text and of the text as JSON escapes it; as given, in capitals, and in small letters.</returns>
    public static string[] Of(string text)
    {
        var valid = Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
        return
        [
            .. new[] { valid, valid.ToLowerInvariant(), valid.ToUpperInvariant() }
                .SelectMany(form => new[] { form, JsonEncodedText.Encode(form).ToString() })
                .Distinct()
                .Select(Pattern),
        ];
    }

    private static string Pattern(string form)
    {
        var pattern = new StringBuilder("%");
        foreach (var octet in Encoding.UTF8.GetBytes(form))
        {
            // A backslash stands twice in the bytes as shown, and each of them twice in a pattern.
            pattern.Append(octet switch
            {
                0 or >= 0x80 => $@"\\{Convert.ToString(octet, 8).PadLeft(3, '0')}",
                (byte)'\\' => @"\\\\",
                (byte)'%' => @"\%",
                (byte)'_' => @"\_",
                _ => char.ToLowerInvariant((char)octet).ToString(),
            });
        }

        return pattern.Append('%').ToString();
    }
}

using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace FanOut.OrderApi.Validation;

/// <summary>
/// A value of a JSON body, its path, and where to say what is wrong with it. A read never throws: it notes the error and returns a placeholder,
/// so that one answer names every wrong field. (A deserializer stops at the first.)
/// </summary>
internal readonly struct JsonField(JsonElement value, string parentPath, string name, FieldErrors errors)
{
    private const int LongestNamedPath = 100;

    private static readonly SearchValues<char> ControlCharacters = SearchValues.Create([.. Enumerable.Range(0, char.MaxValue).Select(code => (char)code).Where(char.IsControl)]);

    private static readonly string[] TimeFormats =
        [@"yyyy-MM-dd\THH:mm:ss.FFFFFFFK", @"yyyy-MM-dd\tHH:mm:ss.FFFFFFFK", @"yyyy-MM-dd HH:mm:ss.FFFFFFFK"];

    public bool IsAbsent => value.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null;

    private string Path => Join(parentPath, name);

    public static JsonField Root(JsonElement value, FieldErrors errors) => new(value, "", "", errors);

    public void Wrong(string message) => errors.Add(Path.Length == 0 ? "$" : Path, message);

    /// <summary>The fields of an object; null, and said so, for anything else: its fields are then not missed one by one.</summary>
    public Members? Object(params string[] names)
    {
        var path = Path;
        if (value.ValueKind != JsonValueKind.Object)
        {
            Wrong(IsAbsent && path.Length > 0 ? "is required" : "must be an object");
            return null;
        }

        var values = new JsonElement[names.Length];
        foreach (var property in value.EnumerateObject())
        {
            var index = IndexOf(property, names);
            if (index < 0)
            {
                errors.Add(Join(path, NameOf(property)), "is not a known field");
            }
            else if (values[index].ValueKind != JsonValueKind.Undefined)
            {
                errors.Add(Join(path, names[index]), "is given more than once");
            }
            else
            {
                values[index] = property.Value;
            }
        }

        return new Members(names, values, path, errors);
    }

    public JsonField[] Items(int atMost)
    {
        if (value.ValueKind != JsonValueKind.Array)
        {
            Wrong(IsAbsent ? "is required" : "must be an array");
            return [];
        }

        var count = value.GetArrayLength();
        if (count == 0 || count > atMost)
        {
            Wrong($"must hold 1 to {atMost.ToString("N0", CultureInfo.InvariantCulture)} items, not {count.ToString("N0", CultureInfo.InvariantCulture)}");
            return [];
        }

        var items = new JsonField[count];
        var index = 0;
        foreach (var item in value.EnumerateArray())
        {
            items[index] = new JsonField(item, parentPath, $"{name}[{index}]", errors);
            index++;
        }

        return items;
    }

    public string Text(int longest)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            Wrong(IsAbsent ? "is required" : "must be a string");
            return "";
        }

        var text = Decode(value);
        if (text is null)
        {
            Wrong("is not valid Unicode");
        }
        else if (string.IsNullOrWhiteSpace(text))
        {
            Wrong("must not be empty");
        }
        else if (text.Length > longest)
        {
            Wrong($"must be at most {longest} characters long, not {text.Length}");
        }
        else if (text.AsSpan().ContainsAny(ControlCharacters))
        {
            Wrong("must not contain control characters");
        }
        else
        {
            return text;
        }

        return "";
    }

    public int WholeNumber(int lowest, int highest)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            Wrong(IsAbsent ? "is required" : "must be a whole number");
            return lowest;
        }

        // 1e99 or 9999999999 is out of range, 1.5 is not whole.
        if (!value.TryGetInt32(out var number))
        {
            Wrong(value.TryGetDecimal(out var fraction) && decimal.Truncate(fraction) != fraction
                ? "must be a whole number"
                : $"must be a whole number from {lowest:N0} to {highest:N0}");
            return lowest;
        }

        if (number < lowest || number > highest)
        {
            Wrong($"must be a whole number from {lowest:N0} to {highest:N0}");
        }

        return number;
    }

    /// <summary>Without trailing zeros: 9.80 and 9.8 are one value.</summary>
    public decimal Decimal(decimal lowest, decimal highest, int decimals)
    {
        if (value.ValueKind != JsonValueKind.Number)
        {
            Wrong(IsAbsent ? "is required" : "must be a number");
        }
        else if (!value.TryGetDecimal(out var number) || number < lowest || number > highest)
        {
            Wrong($"must be from {lowest:N0} to {highest:N0}");
        }
        else if (number.Scale > decimals)
        {
            Wrong($"must have at most {decimals} decimals");
        }
        else
        {
            // The division is what takes zeros off, and is slow.
            return number.Scale == 0 ? number : number / 1.0000000000000000000000000000m;
        }

        return lowest;
    }

    /// <summary>A time with its offset (RFC 3339), in UTC, to the microsecond that Postgres keeps.</summary>
    public DateTimeOffset Time(DateTimeOffset earliest, DateTimeOffset latest)
    {
        var text = value.ValueKind == JsonValueKind.String ? Decode(value) : null;
        if (text is null
            || !(text.EndsWith('Z') || text.EndsWith('z') || (text.Length > 6 && text[^3] == ':' && text[^6] is '+' or '-'))
            || !DateTimeOffset.TryParseExact(WithoutNanoseconds(text.ToUpperInvariant()), TimeFormats, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            Wrong("must be a time with an offset, like 2026-01-31T09:30:00Z");
            return earliest;
        }

        if (time < earliest || time > latest)
        {
            Wrong($"must be from {earliest:yyyy-MM-dd} to {latest.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}");
        }

        return new DateTimeOffset(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerMicrosecond), TimeSpan.Zero);
    }

    private static int IndexOf(JsonProperty property, string[] names)
    {
        try
        {
            for (var index = 0; index < names.Length; index++)
            {
                if (property.NameEquals(names[index]))
                {
                    return index;
                }
            }
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, or bytes that are no UTF-8.
        }

        return -1;
    }

    private static string NameOf(JsonProperty property)
    {
        try
        {
            return property.Name.Length <= LongestNamedPath ? property.Name : property.Name[..LongestNamedPath];
        }
        catch (InvalidOperationException)
        {
            return "?";
        }
    }

    private static string? Decode(JsonElement text)
    {
        try
        {
            return text.GetString();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }

    // RFC 3339 sets no limit to the decimals of a second, and some clients write nine; a parser here takes seven.
    private static string WithoutNanoseconds(string time)
    {
        var point = time.IndexOf('.', StringComparison.Ordinal);
        var end = point + 1;
        while (point >= 0 && end < time.Length && char.IsAsciiDigit(time[end]))
        {
            end++;
        }

        return end - point > 8 ? time.Remove(point + 8, end - point - 8) : time;
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    public readonly struct Members(string[] names, JsonElement[] values, string path, FieldErrors errors)
    {
        public JsonField this[string name] => new(values[Array.IndexOf(names, name)], path, name, errors);
    }
}

using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace FanOut.NotificationWorker;

/// <summary>Reads a list's query string, and names every parameter that is wrong.</summary>
internal sealed class QueryReader
{
    private const int DefaultLimit = 50;
    private readonly IQueryCollection _query;

    public QueryReader(IQueryCollection query, string[] known)
    {
        _query = query;
        foreach (var name in query.Keys.Where(name => !known.Contains(name, StringComparer.OrdinalIgnoreCase)).Take(20))
        {
            Errors.Add(name.Length <= 64 ? name : name[..64], "is not a parameter of this list");
        }
    }

    public FieldErrors Errors { get; } = new();

    public int Limit(int most)
    {
        if (Text("limit") is not { } text)
        {
            return DefaultLimit;
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) || limit < 1 || limit > most)
        {
            Errors.Add("limit", $"must be 1 to {most}");
        }

        return limit;
    }

    public long? Number(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            Errors.Add(name, "must be a whole number");
        }

        return number;
    }

    public string? OneOf(string name, string[] values)
    {
        var text = Text(name);
        if (text is not null && !values.Contains(text, StringComparer.Ordinal))
        {
            Errors.Add(name, $"must be one of {string.Join(", ", values)}");
        }

        return text;
    }

    /// <summary>The address of the page after <paramref name="cursor"/>: this one's with another cursor.</summary>
    public string Next(string path, string cursor) => QueryHelpers.AddQueryString(
        path,
        _query.Where(pair => !pair.Key.Equals("after", StringComparison.OrdinalIgnoreCase))
            .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.FirstOrDefault()))
            .Append(KeyValuePair.Create<string, string?>("after", cursor)));

    public string? Text(string name, int longest)
    {
        var text = Text(name);
        if (text is not null && (text.Length > longest || text.Any(char.IsControl)))
        {
            Errors.Add(name, $"must be at most {longest} characters, none of them a control character");
        }

        return text;
    }

    private string? Text(string name) => _query.TryGetValue(name, out var values) && values.Count > 0 && !string.IsNullOrEmpty(values[0]) ? values[0] : null;
}

using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;

namespace FanOut.WebhookWorker;

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

    public Guid? Guid(string name) => Parse(name, "must be a UUID", text => System.Guid.TryParse(text, out var value) ? value : (Guid?)null);

    public long? Number(string name) => Parse(name, "must be a whole number", text => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? value : (long?)null);

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

    private T? Parse<T>(string name, string rule, Func<string, T?> parse)
        where T : struct
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        var value = parse(text);
        if (value is null)
        {
            Errors.Add(name, rule);
        }

        return value;
    }

    private string? Text(string name) => _query.TryGetValue(name, out var values) && values.Count > 0 && !string.IsNullOrEmpty(values[0]) ? values[0] : null;
}

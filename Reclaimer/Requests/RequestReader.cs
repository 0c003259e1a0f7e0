using System.Globalization;
using System.Text.Json;
using FanOut.EventBus;

namespace FanOut.Reclaimer.Requests;

/// <summary>Reads the parameters of a query string or the fields of a JSON body, and names every one that is wrong. What it returns is good only where <see cref="Errors"/> is empty.</summary>
internal sealed class RequestReader
{
    private const int MostUnknown = 20;
    private const int LongestText = 500;
    private static readonly JsonDocumentOptions JsonOptions = new() { MaxDepth = 8 };
    private readonly Dictionary<string, JsonElement> _values = new(StringComparer.Ordinal);
    private readonly bool _isQuery;
    private int _unknown;

    private RequestReader(bool isQuery) => _isQuery = isQuery;

    public FieldErrors Errors { get; } = new();

    public static RequestReader OfQuery(IQueryCollection query, params string[] known)
    {
        var reader = new RequestReader(isQuery: true);
        foreach (var (name, values) in query)
        {
            if (reader.IsKnown(name, known) && values is [{ Length: > 0 } value, ..])
            {
                reader._values[name] = JsonSerializer.SerializeToElement(value);
                if (values.Count > 1)
                {
                    reader.Errors.Add(name, "is given more than once");
                }
            }
        }

        return reader;
    }

    public static async Task<RequestReader> OfBodyAsync(HttpRequest request, string[] known, CancellationToken cancellationToken)
    {
        // Routing lets a body without a type pass, which a page of any site may send in a visitor's name.
        if (!request.HasJsonContentType())
        {
            throw new BadHttpRequestException("The body must be application/json.", StatusCodes.Status415UnsupportedMediaType);
        }

        var reader = new RequestReader(isQuery: false);
        try
        {
            using var document = await JsonDocument.ParseAsync(request.Body, JsonOptions, cancellationToken);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                reader.Errors.Add("$", "must be an object");
                return reader;
            }

            foreach (var field in document.RootElement.EnumerateObject())
            {
                if (reader.IsKnown(field.Name, known) && field.Value.ValueKind != JsonValueKind.Null && !reader._values.TryAdd(field.Name, field.Value.Clone()))
                {
                    reader.Errors.Add(field.Name, "is given more than once");
                }
            }
        }
        catch (JsonException e)
        {
            reader.Errors.Add("$", string.Create(CultureInfo.InvariantCulture, $"is not valid JSON (line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1})"));
        }

        return reader;
    }

    public string? Text(string name, int longest = LongestText)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.String || !TryGetText(value, out var text))
        {
            Errors.Add(name, "must be text");
            return null;
        }

        if (string.IsNullOrWhiteSpace(text) || text.Length > longest)
        {
            Errors.Add(name, string.Create(CultureInfo.InvariantCulture, $"must be 1 to {longest} characters"));
        }

        return text;
    }

    public string RequiredText(string name, int longest)
    {
        if (!_values.ContainsKey(name))
        {
            Errors.Add(name, "is required");
            return "";
        }

        return Text(name, longest) ?? "";
    }

    public T? OneOf<T>(string name, IReadOnlyDictionary<string, T> values)
        where T : struct
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (values.TryGetValue(text, out var value))
        {
            return value;
        }

        Errors.Add(name, $"must be one of {string.Join(", ", values.Keys)}");
        return null;
    }

    public GroupName? Group(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        try
        {
            return new GroupName(text);
        }
        catch (ArgumentException)
        {
            Errors.Add(name, "must be the name of a consumer group");
            return null;
        }
    }

    public DateTimeOffset? Time(string name)
    {
        if (Text(name) is not { } text)
        {
            return null;
        }

        if (DateTimeOffset.TryParseExact(text, ["yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-dd"], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var time))
        {
            return time;
        }

        Errors.Add(name, "must be a time such as 2026-01-31T12:00:00Z");
        return null;
    }

    public int Limit(string name, int otherwise, int most)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            return otherwise;
        }

        if (!TryGetWhole(value, out var limit) || limit < 1 || limit > most)
        {
            Errors.Add(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from 1 to {most}"));
            return otherwise;
        }

        return (int)limit;
    }

    public bool Flag(string name)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            return false;
        }

        if (value.ValueKind is not (JsonValueKind.True or JsonValueKind.False))
        {
            Errors.Add(name, "must be true or false");
        }

        return value.ValueKind == JsonValueKind.True;
    }

    public long[]? Numbers(string name, int most)
    {
        if (!_values.TryGetValue(name, out var value))
        {
            return null;
        }

        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() is 0 || value.GetArrayLength() > most)
        {
            Errors.Add(name, string.Create(CultureInfo.InvariantCulture, $"must be an array of 1 to {most} numbers of dead letters"));
            return null;
        }

        var numbers = new List<long>();
        foreach (var item in value.EnumerateArray())
        {
            if (TryGetWhole(item, out var number))
            {
                numbers.Add(number);
            }
            else
            {
                Errors.Add($"{name}[{numbers.Count}]", "must be the number of a dead letter");
                return null;
            }
        }

        return [.. numbers];
    }

    private bool IsKnown(string name, string[] known)
    {
        if (known.Contains(name, StringComparer.Ordinal))
        {
            return true;
        }

        if (_unknown++ < MostUnknown)
        {
            Errors.Add(name, _isQuery ? "is not a known parameter" : "is not a known field");
        }

        return false;
    }

    private bool TryGetWhole(JsonElement value, out long number)
    {
        number = 0;
        return _isQuery ? long.TryParse(value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out number) : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out number) && number >= 0;
    }

    // A lone surrogate, written as an escape, is JSON but not text.
    private static bool TryGetText(JsonElement value, out string text)
    {
        try
        {
            text = value.GetString() ?? "";
            return true;
        }
        catch (InvalidOperationException)
        {
            text = "";
            return false;
        }
    }
}

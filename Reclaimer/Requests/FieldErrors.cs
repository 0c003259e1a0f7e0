namespace FanOut.Reclaimer.Requests;

/// <summary>What is wrong with a request, by the name of each parameter or field.</summary>
internal sealed class FieldErrors
{
    private const int LongestName = 64;
    private readonly Dictionary<string, List<string>> _messages = new(StringComparer.Ordinal);

    public bool Any => _messages.Count > 0;

    public void Add(string field, string message)
    {
        var name = field.Length <= LongestName ? field : field[..LongestName];
        if (!_messages.TryGetValue(name, out var messages))
        {
            _messages[name] = messages = [];
        }

        messages.Add(message);
    }

    public IResult ToProblem() => TypedResults.ValidationProblem(
        _messages.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray()),
        title: "The request is not valid.",
        detail: "See errors for every parameter that is wrong.");
}

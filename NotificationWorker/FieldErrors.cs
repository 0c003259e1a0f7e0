namespace FanOut.NotificationWorker;

/// <summary>What is wrong with a request, by the path of each field.</summary>
internal sealed class FieldErrors
{
    private readonly Dictionary<string, List<string>> _messages = new(StringComparer.Ordinal);

    public bool Any => _messages.Count > 0;

    public void Add(string field, string message)
    {
        if (!_messages.TryGetValue(field, out var messages))
        {
            _messages[field] = messages = [];
        }

        messages.Add(message);
    }

    public IResult ToProblem() => TypedResults.ValidationProblem(
        _messages.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray()),
        title: "The request is not valid.",
        detail: "See errors for every field that is wrong.");
}

using Microsoft.AspNetCore.Http.HttpResults;

namespace FanOut.OrderApi.Validation;

/// <summary>What is wrong with a request, by the path of each field.</summary>
internal sealed class FieldErrors
{
    // A hostile body could make the answer larger than itself.
    private const int MostNamed = 1_000;

    private readonly Dictionary<string, string[]> _messages = new(StringComparer.Ordinal);
    private int _unnamed;

    public bool Any => _messages.Count > 0;

    public void Add(string path, string message)
    {
        if (_messages.TryGetValue(path, out var messages))
        {
            _messages[path] = [.. messages, message];
        }
        else if (_messages.Count < MostNamed)
        {
            _messages[path] = [message];
        }
        else
        {
            _unnamed++;
        }
    }

    public ProblemHttpResult ToProblem(int status = StatusCodes.Status400BadRequest, string title = "The request is not valid.") =>
        TypedResults.Problem(new HttpValidationProblemDetails(_messages)
        {
            Status = status,
            Title = title,
            Detail = _unnamed == 0 ? "See errors for every field that is wrong." : $"See errors; {_unnamed} more are wrong that it does not name.",
        });
}

using System.Reflection;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>The errors of a request, by the path of each field (<c>lines[2].quantity</c>) or the name of each parameter.</summary>
public static partial class RequestErrors
{
    // A hostile body could make the answer larger than itself.
    private const int MaxNamed = 1_000;
    private const int MaxPathLength = 100;
    private const string Title = "The request is not valid.";

    private const string NotUnicodeText = "has text that is not valid Unicode";

    internal static Dictionary<string, string[]> NotUnicode { get; } = new() { ["$"] = [NotUnicodeText] };

    /// <summary>Refuses a request for a rule that only its endpoint can check.</summary>
    public static IResult Refuse(string path, string message) => TypedResults.Problem(ToProblem([KeyValuePair.Create(path, new[] { message })]));

    internal static HttpValidationProblemDetails ToProblem(IEnumerable<KeyValuePair<string, string[]>> errors) =>
        new(errors.DistinctBy(error => Shorten(error.Key)).Select(error => KeyValuePair.Create(Shorten(error.Key), error.Value)))
        {
            Status = StatusCodes.Status400BadRequest,
            Title = Title,
            Detail = "errors lists every invalid field.",
        };

    internal static Dictionary<string, string[]> Of(BadHttpRequestException exception) => exception switch
    {
        { InnerException: JsonException json } => Of(json),
        _ when Parameter().Match(exception.Message) is { Success: true } parameter
            && !exception.Message.EndsWith("from body.", StringComparison.Ordinal) =>
                new() { [JsonNamingPolicy.CamelCase.ConvertName(parameter.Groups["name"].Value)] = [Form(parameter.Groups["type"].Value)] },
        _ => new() { ["$"] = ["must be a JSON object"] },
    };

    /// <summary>Renames the errors of the platform's validation to what the client sent, and bounds their number.</summary>
    internal static void Complete(HttpValidationProblemDetails problem, HttpContext context)
    {
        if (problem.Status is not StatusCodes.Status400BadRequest || problem.Title == Title)
        {
            return;
        }

        var errors = problem.Errors.ToArray();
        problem.Errors.Clear();
        foreach (var (path, messages) in errors.Take(MaxNamed))
        {
            problem.Errors[Shorten(NameFor(path, context))] = messages;
        }

        problem.Title = Title;
        problem.Detail = errors.Length <= MaxNamed
            ? "errors lists every invalid field."
            : $"See errors; {errors.Length - MaxNamed} more errors are not listed.";
    }

    private static Dictionary<string, string[]> Of(JsonException exception)
    {
        var path = exception.InnerException is JsonException ? "" : (exception.Path ?? "").TrimStart('$').TrimStart('.');
        var message = exception.Message;
        if (message.Contains("missing required properties", StringComparison.Ordinal))
        {
            string[] required = ["is required"];
            return QuotedName().Matches(message[message.IndexOf("including:", StringComparison.Ordinal)..])
                .ToDictionary(name => path.Length == 0 ? name.Groups["name"].Value : $"{path}.{name.Groups["name"].Value}", _ => required);
        }

        return new() { [path.Length == 0 ? "$" : path] = [Explain(exception)] };
    }

    // The serializer explains errors only in its messages. They are the same in every culture, and tests cover those that are read here.
    private static string Explain(JsonException exception) => exception.Message switch
    {
        _ when exception.InnerException is JsonException => NotJson(exception),
        _ when exception.InnerException?.Message.Contains("UTF-16", StringComparison.Ordinal) ?? false => NotUnicodeText,
        var text when text.Contains("could not be mapped to any .NET member", StringComparison.Ordinal) => "is not a known field",
        var text when text.StartsWith("Duplicate property", StringComparison.Ordinal) => "is given more than once",
        var text when text.Contains("doesn't allow", StringComparison.Ordinal) => "must not be null",
        var text when WrongType().Match(exception.InnerException?.Message ?? text) is { Success: true } type => Form(type.Groups["name"].Value),
        var text when exception.InnerException is null && text.StartsWith("must ", StringComparison.Ordinal) => text,
        _ => NotJson(exception),
    };

    private static string NotJson(JsonException exception) => exception.Message.StartsWith("The maximum configured depth", StringComparison.Ordinal)
        ? "is nested too deeply"
        : $"is not valid JSON (line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1})";

    private static string Form(string type)
    {
        return type switch
        {
            _ when type.Contains("IReadOnlyList", StringComparison.Ordinal) => "must be an array",
            _ when Names("int(32|64)?|long") => "must be a whole number",
            _ when Names("decimal|number") => "must be a number",
            _ when Names("bool(ean)?") => "must be true or false",
            _ when Names("string") => "must be a string",
            _ when Names("Guid") => "must be a UUID",
            _ => "must be an object",
        };

        bool Names(string word) => Regex.IsMatch(type, $@"\b({word})\b", RegexOptions.IgnoreCase);
    }

    private static string NameFor(string path, HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<MethodInfo>()?.GetParameters().FirstOrDefault(parameter => parameter.Name == path)?
            .GetCustomAttributes().OfType<IFromHeaderMetadata>().FirstOrDefault()?.Name
        ?? string.Join('.', path.Split('.').Select(JsonNamingPolicy.CamelCase.ConvertName));

    private static string Shorten(string path) => path.Length <= MaxPathLength ? path : path[..MaxPathLength];

    [GeneratedRegex("parameter \"(?<type>[^\"]*) (?<name>[^ \"]+)\"")]
    private static partial Regex Parameter();

    [GeneratedRegex("'(?<name>[^']+)'")]
    private static partial Regex QuotedName();

    [GeneratedRegex(@"(?:could not be converted to| as an?| out of bounds for an?) (?<name>\S+)\.")]
    private static partial Regex WrongType();
}

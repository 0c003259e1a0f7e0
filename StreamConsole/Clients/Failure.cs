using System.Net;
using System.Text.Json;
using Polly.CircuitBreaker;
using Polly.Timeout;
using Refit;

namespace FanOut.StreamConsole.Clients;

/// <summary>Why a service did not do what it was asked for, and what to do about it.</summary>
/// <param name="Title">What happened.</param>
/// <param name="Advice">What to do.</param>
/// <param name="Status">The HTTP status; null where there was no answer.</param>
public sealed record Failure(string Title, string Advice, HttpStatusCode? Status = null)
{
    /// <summary>Whether the service does not answer: to be distinguished from one that refuses.</summary>
    public bool IsAway => Status is null or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    /// <summary>The same, of what is not read again by itself.</summary>
    public Failure Once => Status is null ? this with { Advice = "Check that it runs, then open this again." } : this;

    /// <summary>Whether a service refused a request or did not answer it; Refit wraps most of the reasons.</summary>
    public static bool IsExpected(Exception exception) =>
        exception is ApiExceptionBase or HttpRequestException or TimeoutRejectedException or BrokenCircuitException or TaskCanceledException
            or JsonException;

    /// <param name="exception">Why there is no good answer.</param>
    /// <param name="service">Who was asked.</param>
    /// <param name="isAction">Whether it was asked to change something: that is not asked again by itself, and may have been done.</param>
    public static Failure Of(Exception exception, string service, bool isAction = false) => exception switch
    {
        ApiException { StatusCode: HttpStatusCode.Unauthorized } => new(
            "You are signed out.", "Your key was revoked or has expired. Sign in with another one.", HttpStatusCode.Unauthorized),
        ApiException { StatusCode: HttpStatusCode.Forbidden } refused => new(
            "You may not do this.", ReadDetail(refused) ?? "Ask for a key with the scope that it needs.", HttpStatusCode.Forbidden),
        // Of a success only where the answer broke off: nobody has refused anything.
        ApiException { StatusCode: >= HttpStatusCode.Ambiguous } refused => new(
            ReadTitle(refused) ?? $"{service} answered {(int)refused.StatusCode}.", ReadDetail(refused) ?? "Try again.", refused.StatusCode),
        _ when isAction => new($"{service} does not answer.", "Check that it runs. Look whether it was done before you try again."),
        _ => new($"{service} does not answer.", "Check that it runs. This page tries again by itself."),
    };

    private static string? ReadTitle(ApiException exception) => Read(exception, "title");

    private static string? ReadDetail(ApiException exception) => Read(exception, "detail");

    private static string? Read(ApiException exception, string member)
    {
        try
        {
            using var problem = JsonDocument.Parse(exception.Content ?? "");
            return problem.RootElement.TryGetProperty(member, out var text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

using System.Net;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>The answer to one POST. Without a status there was none, and <see cref="Error"/> says why.</summary>
internal sealed record Answer(HttpStatusCode? Status, string? Error, TimeSpan? RetryAfter = null)
{
    public bool IsSuccess => (int?)Status is >= 200 and <= 299;

    /// <summary>The receiver is overloaded or unavailable: more requests would make it worse.</summary>
    public bool AsksForRest => (int?)Status is null or 429 or 502 or 503 or 504;
}

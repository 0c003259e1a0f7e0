using System.Net;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>
/// The answer to one POST. Without a status there was none, and <see cref="Error"/> says why. The error may repeat what the receiver said, which may
/// repeat what it was sent: it is shown to the endpoint's owner only. <see cref="Reason"/> is for logs and traces.
/// </summary>
internal sealed record Answer(HttpStatusCode? Status, string? Error, string? Reason = null, TimeSpan? RetryAfter = null)
{
    public bool IsSuccess => (int?)Status is >= 200 and <= 299;

    /// <summary>Whether nothing was sent, for a reason that is not the receiver's.</summary>
    public bool IsUnsent { get; init; }

    /// <summary>The receiver is overloaded or unavailable: more requests would make it worse.</summary>
    public bool AsksForRest => (int?)Status is null or 429 or 502 or 503 or 504;
}

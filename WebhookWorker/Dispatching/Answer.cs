using System.Net;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>What came back for one POST; no status: nothing did, and <see cref="Error"/> says why.</summary>
internal sealed record Answer(HttpStatusCode? Status, string? Error, TimeSpan? RetryAfter = null)
{
    public bool IsSuccess => (int?)Status is >= 200 and <= 299;

    /// <summary>The receiver is overloaded or away: more requests would only make it worse.</summary>
    public bool AsksForRest => Status is null or HttpStatusCode.TooManyRequests or HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;
}

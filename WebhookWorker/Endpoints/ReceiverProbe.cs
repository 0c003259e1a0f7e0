using System.Text.Json;
using System.Threading.RateLimiting;
using FanOut.WebhookWorker.Dispatching;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>
/// POSTs signed events that are no deliveries: challenges and tests. An account can have them sent only so often: it may name a URL of somebody else.
/// </summary>
internal sealed class ReceiverProbe(EndpointSecrets secrets, WebhookClient client, IOptions<WebhookOptions> options, TimeProvider time) : IDisposable
{
    private const int MaxAtOnce = 20;
    private static readonly TimeSpan OneEvery = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan MaxTimeout = TimeSpan.FromSeconds(10);

    private readonly PartitionedRateLimiter<string> _accounts = PartitionedRateLimiter.Create<string, string>(owner =>
        RateLimitPartition.GetTokenBucketLimiter(
            owner, _ => new() { TokenLimit = MaxAtOnce, TokensPerPeriod = 1, ReplenishmentPeriod = OneEvery, AutoReplenishment = true }));

    /// <returns>Whether the account may have one more sent now.</returns>
    public bool IsAllowed(string account)
    {
        using var lease = _accounts.AttemptAcquire(account);
        return lease.IsAcquired;
    }

    /// <summary>POSTs an event of this type with one field.</summary>
    /// <param name="id">The endpoint's id.</param>
    /// <param name="endpoint">The endpoint.</param>
    /// <param name="type">The event's type.</param>
    /// <param name="data">The name and the value of its field.</param>
    /// <param name="read">Reads the answer; null reads it as that to a delivery.</param>
    /// <param name="cancellationToken">Breaks off.</param>
    public async Task<Answer> SendAsync(
        Guid id,
        ChallengedEndpoint endpoint,
        string type,
        (string Name, string Value) data,
        Func<HttpResponseMessage, CancellationToken, Task<Answer>>? read,
        CancellationToken cancellationToken)
    {
        var known = secrets.Decrypt(id, endpoint.Secret, endpoint.PreviousSecret);
        if (known.Count == 0)
        {
            return new(null, WebhookClient.UnreadableSecret) { IsUnsent = true };
        }

        var timeout = options.Value.Timeout < MaxTimeout ? options.Value.Timeout : MaxTimeout;
        var webhook = new Webhook(endpoint.Url, Guid.CreateVersion7(), Body(type, data), known);
        return await client.SendAsync(webhook, timeout, read, cancellationToken);
    }

    public void Dispose() => _accounts.Dispose();

    private byte[] Body(string type, (string Name, string Value) data)
    {
        using var body = new MemoryStream();
        using (var json = new Utf8JsonWriter(body))
        {
            json.WriteStartObject();
            json.WriteString("type", type);
            json.WriteString("timestamp", time.GetUtcNow().UtcDateTime);
            json.WriteStartObject("data");
            json.WriteString(data.Name, data.Value);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return body.ToArray();
    }
}

using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

/// <summary>A webhook as it came in over HTTP.</summary>
internal sealed record Received(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public Guid Id => Guid.Parse(Headers["webhook-id"]);

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>Verifies as a receiver would by Standard Webhooks 1.0: any one of the signatures must be right.</summary>
    public bool IsSignedBy(string secret)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var content = Encoding.UTF8.GetBytes($"{Headers["webhook-id"]}.{Headers["webhook-timestamp"]}.").Concat(Body).ToArray();
        var expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, content));
        return Headers["webhook-signature"].Split(' ').Contains(expected);
    }

    public void AssertFresh()
    {
        var age = TimeProvider.System.GetUtcNow() - DateTimeOffset.FromUnixTimeSeconds(long.Parse(Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture));
        Assert.InRange(age.TotalSeconds, -2, 60);
    }
}

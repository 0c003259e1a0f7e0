using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

/// <summary>A webhook that was received over HTTP.</summary>
internal sealed record Received(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public Guid Id => Guid.Parse(Headers["webhook-id"]);

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>Verifies by Standard Webhooks 1.0: one of the signatures must be right.</summary>
    public bool IsSignedBy(string secret)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var content = Encoding.UTF8.GetBytes($"{Headers["webhook-id"]}.{Headers["webhook-timestamp"]}.").Concat(Body).ToArray();
        var expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, content));
        return Headers["webhook-signature"].Split(' ').Contains(expected);
    }

    public void AssertFresh()
    {
        var sent = DateTimeOffset.FromUnixTimeSeconds(long.Parse(Headers["webhook-timestamp"], System.Globalization.CultureInfo.InvariantCulture));
        var age = TimeProvider.System.GetUtcNow() - sent;
        Assert.InRange(age.TotalSeconds, -2, 60);
    }
}

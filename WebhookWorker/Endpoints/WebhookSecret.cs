using System.Security.Cryptography;
using System.Text;
using FanOut.Contracts.Webhooks;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>A symmetric signing secret of Standard Webhooks 1.0: 24 to 64 random bytes, written as <c>whsec_</c> and base64.</summary>
internal static class WebhookSecret
{
    private const int Length = 32;

    public static byte[] Generate() => RandomNumberGenerator.GetBytes(Length);

    public static string Format(byte[] secret) => WebhookSecretAttribute.Prefix + Convert.ToBase64String(secret);

    public static byte[] Parse(string text) => Convert.FromBase64String(text[WebhookSecretAttribute.Prefix.Length..]);

    /// <summary>The <c>webhook-signature</c> header: one signature for each secret.</summary>
    public static string Sign(string id, long timestamp, ReadOnlySpan<byte> body, params IEnumerable<byte[]> secrets)
    {
        byte[] content = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return string.Join(' ', secrets.Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, content))));
    }
}

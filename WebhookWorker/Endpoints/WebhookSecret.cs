using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>A symmetric signing secret of Standard Webhooks 1.0: 24 to 64 random bytes, written as <c>whsec_</c> and base64.</summary>
internal static class WebhookSecret
{
    public const string Rule = "must be 'whsec_' followed by the base64 of 24 to 64 bytes";

    private const string Prefix = "whsec_";
    private const int LeastBytes = 24;
    private const int MostBytes = 64;
    private const int DrawnBytes = 32;

    public static byte[] Draw() => RandomNumberGenerator.GetBytes(DrawnBytes);

    public static string Format(byte[] secret) => Prefix + Convert.ToBase64String(secret);

    public static bool TryParse(string text, [NotNullWhen(true)] out byte[]? secret)
    {
        secret = null;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var encoded = text.AsSpan(Prefix.Length);
        Span<byte> bytes = stackalloc byte[MostBytes + 3];
        if (!Base64.IsValid(encoded, out var length) || length is < LeastBytes or > MostBytes || !Convert.TryFromBase64Chars(encoded, bytes, out var written))
        {
            return false;
        }

        secret = bytes[..written].ToArray();
        return true;
    }

    /// <summary>The <c>webhook-signature</c> header: one signature for each secret.</summary>
    public static string Sign(string id, long timestamp, ReadOnlySpan<byte> body, params IEnumerable<byte[]> secrets)
    {
        byte[] content = [.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        return string.Join(' ', secrets.Select(secret => "v1," + Convert.ToBase64String(HMACSHA256.HashData(secret, content))));
    }
}

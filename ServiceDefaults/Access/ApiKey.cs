using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace FanOut.ServiceDefaults.Access;

/// <summary>An API key, <c>id.secret</c>. The prefix of its id lets scanners find a key that was published by mistake.</summary>
public sealed partial class ApiKey
{
    public const string Prefix = "fanout_";

    private const string Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    private const int IdLength = 10;
    private const int SecretBytes = 32;

    private ApiKey(string id, string text) => (Id, Text) = (id, text);

    /// <summary>The part that is no secret.</summary>
    public string Id { get; }

    /// <summary>The whole key. It is shown once, to its owner, and kept nowhere.</summary>
    public string Text { get; }

    /// <summary>SHA-256 of the whole key.</summary>
    public byte[] Hash => SHA256.HashData(Encoding.ASCII.GetBytes(Text));

    public static ApiKey Generate()
    {
        var id = Prefix + RandomNumberGenerator.GetString(Digits, IdLength);
        return new(id, $"{id}.{Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(SecretBytes))}");
    }

    public static bool TryParse(string text, [NotNullWhen(true)] out ApiKey? key)
    {
        key = Form().IsMatch(text) ? new(text[..text.IndexOf('.', StringComparison.Ordinal)], text) : null;
        return key is not null;
    }

    /// <summary>The id: a log must not show the rest.</summary>
    public override string ToString() => Id;

    [GeneratedRegex(@"^fanout_[A-Za-z0-9]{1,32}\.[A-Za-z0-9_-]{43}\z")]
    private static partial Regex Form();
}

using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>Reads and checks requests about endpoints, and names everything that is wrong, not only the first thing.</summary>
internal sealed partial class EndpointReader(AddressPolicy addresses, TimeProvider time)
{
    private const int LongestBody = 64 * 1024;
    private const int LongestUrl = 2_000;
    private const int LongestDescription = 500;
    private const int MostEventTypes = 100;
    private static readonly TimeSpan LookupTimeout = TimeSpan.FromSeconds(2);

    public async Task<EndpointInput?> ReadEndpointAsync(HttpRequest request, bool creating, FieldErrors errors, CancellationToken cancellationToken)
    {
        using var document = await ReadBodyAsync(request, required: true, errors, cancellationToken);
        if (document is null)
        {
            return null;
        }

        var body = document.RootElement;
        NameStrangers(body, ["url", "eventTypes", "enabled", "description", "secret"], errors);
        var url = await ReadUrlAsync(body, errors, cancellationToken);
        var eventTypes = ReadEventTypes(body, errors);
        var enabled = true;
        if (Member(body, "enabled") is { } flag && !TryBoolean(flag, out enabled))
        {
            errors.Add("enabled", "must be true or false");
        }

        var description = "";
        if (Member(body, "description") is { } text && (!TryText(text, LongestDescription, out description) || description.Any(char.IsControl)))
        {
            errors.Add("description", $"must be a text of at most {LongestDescription} characters without control characters");
        }

        var secret = ReadSecret(body, errors);
        if (secret is not null && !creating)
        {
            errors.Add("secret", "can be given at creation only: POST to the endpoint's /secret to change it without a gap");
        }

        return errors.Any ? null : new EndpointInput(url!, eventTypes, enabled, description, secret);
    }

    public static async Task<byte[]?> ReadRotationAsync(HttpRequest request, FieldErrors errors, CancellationToken cancellationToken)
    {
        using var document = await ReadBodyAsync(request, required: false, errors, cancellationToken);
        if (document is null)
        {
            return null;
        }

        NameStrangers(document.RootElement, ["secret"], errors);
        return ReadSecret(document.RootElement, errors);
    }

    private static async Task<JsonDocument?> ReadBodyAsync(HttpRequest request, bool required, FieldErrors errors, CancellationToken cancellationToken)
    {
        var buffer = new byte[LongestBody + 1];
        var length = await request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        if (length > LongestBody)
        {
            throw new BadHttpRequestException("The body is too large.", StatusCodes.Status413PayloadTooLarge);
        }

        if (length == 0 && !required)
        {
            return null;
        }

        try
        {
            var document = JsonDocument.Parse(buffer.AsMemory(0, length), new() { MaxDepth = 8 });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                return document;
            }

            document.Dispose();
            errors.Add("$", "must be a JSON object");
        }
        catch (JsonException e)
        {
            errors.Add("$", $"is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}");
        }

        return null;
    }

    private async Task<string?> ReadUrlAsync(JsonElement body, FieldErrors errors, CancellationToken cancellationToken)
    {
        if (Member(body, "url") is not { } member)
        {
            errors.Add("url", "is required");
            return null;
        }

        if (!TryText(member, LongestUrl, out var text) || text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || !Uri.TryCreate(text, UriKind.Absolute, out var url))
        {
            errors.Add("url", $"must be an absolute URL of at most {LongestUrl} characters");
            return null;
        }

        if (url.Scheme != Uri.UriSchemeHttps && !(url.Scheme == Uri.UriSchemeHttp && url.IsLoopback && addresses.AllowsPrivate))
        {
            errors.Add("url", addresses.AllowsPrivate ? "must begin with https:// (or http:// on this machine)" : "must begin with https://");
        }

        if (url.UserInfo.Length > 0)
        {
            errors.Add("url", "must not carry a user name or password");
        }

        if (url.Fragment.Length > 0)
        {
            errors.Add("url", "must not have a fragment ('#...')");
        }

        if (await StandsAtAsync(url, cancellationToken) is { Length: > 0 } stands && !stands.All(addresses.Allows))
        {
            errors.Add("url", "stands at an address that webhooks may not be sent to: it is not a public one (Webhooks:AllowPrivateNetworks)");
        }

        return url.AbsoluteUri;
    }

    // Early advice only: what counts is the check at each connect, for a name's address can change. A name that cannot be looked up now may be later.
    private async Task<IPAddress[]> StandsAtAsync(Uri url, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(url.DnsSafeHost, out var literal))
        {
            return [literal];
        }

        using var deadline = new CancellationTokenSource(LookupTimeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await Dns.GetHostAddressesAsync(url.IdnHost, either.Token);
        }
        catch (Exception e) when (e is SocketException or ArgumentException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return [];
        }
    }

    private static string[] ReadEventTypes(JsonElement body, FieldErrors errors)
    {
        if (Member(body, "eventTypes") is not { } member)
        {
            return [];
        }

        if (member.ValueKind != JsonValueKind.Array || member.GetArrayLength() > MostEventTypes)
        {
            errors.Add("eventTypes", $"must be a list of at most {MostEventTypes} event types; empty means all");
            return [];
        }

        var types = new List<string>();
        var index = 0;
        foreach (var item in member.EnumerateArray())
        {
            if (TryText(item, 100, out var type) && EventType().IsMatch(type))
            {
                types.Add(type);
            }
            else
            {
                errors.Add($"eventTypes[{index}]", "must be names of a-z, A-Z, 0-9 and '_', joined by full stops, such as 'order.placed'");
            }

            index++;
        }

        return [.. types.Distinct(StringComparer.Ordinal)];
    }

    private static byte[]? ReadSecret(JsonElement body, FieldErrors errors)
    {
        if (Member(body, "secret") is not { } member)
        {
            return null;
        }

        if (!TryText(member, 200, out var text) || !WebhookSecret.TryParse(text, out var secret))
        {
            errors.Add("secret", WebhookSecret.Rule);
            return null;
        }

        return secret;
    }

    private static void NameStrangers(JsonElement body, string[] known, FieldErrors errors)
    {
        foreach (var name in body.EnumerateObject().Select(member => member.Name).Where(name => !known.Contains(name)).Distinct().Take(20))
        {
            errors.Add(name.Length <= 64 ? name : name[..64], "is not a field of this request");
        }
    }

    private static JsonElement? Member(JsonElement body, string name) => body.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;

    private static bool TryBoolean(JsonElement element, out bool value)
    {
        value = element.ValueKind == JsonValueKind.True;
        return element.ValueKind is JsonValueKind.True or JsonValueKind.False;
    }

    private static bool TryText(JsonElement element, int longest, out string text)
    {
        text = "";
        if (element.ValueKind != JsonValueKind.String)
        {
            return false;
        }

        try
        {
            text = element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return false; // Half a surrogate pair.
        }

        return text.Length <= longest;
    }

    [GeneratedRegex(@"^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*\z")]
    private static partial Regex EventType();
}

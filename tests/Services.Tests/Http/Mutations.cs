using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FanOut.TestServers;

namespace FanOut.Services.Tests.Http;

/// <summary>Makes requests that are wrong in one place or two: in the body, its framing, the headers, the path or the query.</summary>
internal sealed class Mutations(int seed)
{
    private static readonly string[] Values =
    [
        "1e400", "-1e400", "1e-400", "-0", "1E+2", "99999999999999999999999999999999999999", "0.00000000000000000000000000000001", "NaN",
        "1.5", "-1",
        "null", "true", "[]", "{}", "[null]", "[[]]", "[1.0,2e0]", "\"\"", "\" \"", "\"\\ud800\"", "\"\\udc00\\ud800\"", "\"\\u0000\"",
        "\"\\u202e\"",
        "\"9.8\"", "\"2026-01-01\"", "\"9999-12-31T23:59:59.9999999Z\"", "\"https://[::1\"", "\"http://a:0\"", "\"whsec_\"", "\"\xff\"",
        "\"\xed\xa0\x80\"",
        new string('[', 70), new string('[', 70) + new string(']', 70), $"\"{new string('x', 30_000)}\"", "{\"a\":1,\"a\":2}", "{\"\\ud800\":1}",
        "{\"\\ud800\":{}}", "[{\"\\udfff\":[]}]", "[9223372036854775808]",
    ];

    private static readonly string[] Names =
        ["\\ud800", "\\udc00x", "\\u0000", "", "\xff", "\xed\xa0\x80", "$", "$.a", "a.b", "[0]", "__proto__", "By", "\\u0062y", "$ref",
         "$type", "$id"];

    private static readonly string[] Bodies =
    [
        "", " ", "null", "[]", "42", "\"x\"", "{", "}", "{\"", "{\"\\ud800\":1}", "{\"\\ud800\":1,\"\\ud800\":1}", "{\"\xff\":1}",
        "\xef\xbb\xbf{}", "\xff\xfe{\0}\0",
        "{\"a\":/*c*/1}", "{'a':1}", "{}{}", "{\"a\":{\"\\ud800\":[]}}", "\0", "a=b&c=d", "<a/>", "--x\r\n\r\n--x--",
    ];

    private static readonly string[] Chunks =
    [
        "FFFFFFFFFFFFFFFF\r\n", "7FFFFFFF\r\n{}", "80000000\r\n{}", "FFFFFFFF\r\n{}", "100000000\r\n{}", "-1\r\n{}",
        "0x2\r\n{}\r\n0\r\n\r\n", "\r\n", "2 \r\n{}\r\n0\r\n\r\n",
        "2;a=b\r\n{}\r\n0\r\n\r\n", "2\r\n{}X\r\n0\r\n\r\n", "2\n{}\n0\n\n", "2\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
        "00000000000000002\r\n{}\r\n0\r\n\r\n", "g\r\n", "0\r\n\r\n",
        "2\r\n{}\r\n", "999999\r\n{}",
    ];

    private static readonly string[] Lengths =
    [
        "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 2147483648", "Content-Length: 1",
        "Content-Length: x", "Content-Length: 1000",
        "Content-Length: 2\r\nContent-Length: 3", "Content-Length: 2\r\nTransfer-Encoding: chunked", "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Content-Length: +2", "X-None: 1",
    ];

    private static readonly string[] Headers =
    [
        "Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded", "Content-Type: multipart/form-data; boundary=x",
        "Content-Type:",
        "Content-Type: ;", "Content-Type: application/json; charset=utf-16", "Content-Type: application/json; charset=none",
        "Content-Type: application/json; charset",
        "Content-Type: application/json; charset=\"utf-8\"", "Content-Type: application/json;;",
        "Content-Type: application/merge-patch+json", "Content-Type: json",
        "Content-Type: application/json, text/plain", "Content-Encoding: gzip", "Content-Encoding: br, gzip", "Content-Encoding: identity",
        "Content-Encoding: ,",
        "Accept: text/html", "Accept: ;;;", "Accept: application/xml;q=2", "Accept-Language: \xff", "Expect: 100-continue", "Expect: 42",
        "Origin: https://evil.example",
        "Origin: null", "Origin: :", "Sec-Fetch-Site: cross-site", "Sec-Fetch-Site: none", "Host: evil.example", "Host:", "Host: a:b:c",
        "Host: [::1", "Host: 127.0.0.1:99999",
        "Idempotency-Key:", "Idempotency-Key: \xff", "Idempotency-Key: a\r\nIdempotency-Key: b", "Idempotency-Key: " + new string('k', 256),
        "Upgrade: h2c",
        "Range: bytes=0-1", "Cookie: \xff=\x7f", "traceparent: 00-zz-zz-01", "tracestate: \xff", "Baggage: a=%ff",
        "X-Long: " + new string('l', 40_000), "X:\0", "Bad Header: 1", ": 1",
        "Authorization: Basic \xff", "Authorization: Bearer", "Authorization: Bearer fanout_.\xff",
        "Authorization: Bearer a.b.c", $"Authorization: {TestKey.Header}\r\nAuthorization: {TestKey.Header}",
        "If-Match: \"x\"", "Content-Range: bytes 0-1/2", "X-Forwarded-Host: evil.example",
        "X-HTTP-Method-Override: DELETE",
    ];

    private static readonly string[] Ids =
    [
        "-1", "0", "1.0", "1e5", "99999999999999999999", "9223372036854775807", "%00", "%ff", "%ed%a0%80", "..", "a%2fb", "%", "%zz", "'",
        "\xff", "00000000000000000000000000000001",
        "%D9%A1", new string('9', 3_000), "{00000000-0000-0000-0000-000000000000}", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    ];

    private static readonly string[] Queries =
        ["?x=1", "?", "?=", "?%00=%00", "?%ff", "?a&a", "?a=1&a=2", "?by=x", "?limit=1e99", "?%ed%a0%80=1", "?" + new string('q', 3_000),
         "?[]=1", "?\xff=1", "?a=%"];

    private readonly Random _random = new(seed);

    public byte[] Next(Route route, string validBody)
    {
        var (method, path, query, length, body) = (route.Method, route.Path(), "", (string?)null, validBody);
        var headers = new List<string> { "Content-Type: application/json", $"Authorization: {TestKey.Header}" };
        for (var left = _random.Next(4) == 0 ? 2 : 1; left > 0; left--)
        {
            switch (_random.Next(14))
            {
                case 0:
                    path = route.Path(Any(Ids));
                    break;
                case 1:
                    query = Any(Queries);
                    break;
                case 2 or 3:
                    var header = Any(Headers);
                    headers.RemoveAll(other => other.Split(':')[0] == header.Split(':')[0]);
                    headers.Add(header);
                    break;
                case 4:
                    (length, body) = ("Transfer-Encoding: chunked", Any(Chunks));
                    break;
                case 5:
                    length = Any(Lengths);
                    break;
                case 6:
                    body = Any(Bodies);
                    break;
                case 7:
                    method = Any(["PATCH", "post", "TRACE", "OPTIONS", "X"]);
                    break;
                case 8:
                    body = Bytes(body);
                    break;
                default:
                    body = IsText(body) ? Member(body) : Bytes(body);
                    break;
            }
        }

        // Each character is a byte: so a body can have bytes that are no text.
        var host = headers.Exists(header => header.StartsWith("Host:", StringComparison.Ordinal)) ? "" : $"Host: {route.Address.Authority}\r\n";
        return Encoding.Latin1.GetBytes(
            $"{method} {path}{query} HTTP/1.1\r\n{host}Connection: close\r\n{length ?? $"Content-Length: {body.Length}"}\r\n"
            + $"{string.Join("\r\n", headers)}\r\n\r\n{body}");
    }

    private string Bytes(string body)
    {
        var (start, count) = (_random.Next(body.Length + 1), _random.Next(1, 6));
        return _random.Next(4) switch
        {
            0 => body[..start],
            1 => body.Remove(start, Math.Min(count, body.Length - start)),
            2 => body.Insert(start, body[Math.Max(0, start - (count * 8))..start]),
            _ => body.Insert(start, Any(["\xff", "\0", "\\ud800", "\"", ",", "{", "]", "\xed\xa0\x80", "\\u0000", "\xc3"])),
        };
    }

    /// <summary>Another value or another name for any member, or a member more.</summary>
    private string Member(string body)
    {
        const string Mark = "MARK";
        var root = JsonNode.Parse(body);
        var owners = Objects(root).ToArray();
        if (owners.Length == 0)
        {
            return Any(Bodies);
        }

        var owner = owners[_random.Next(owners.Length)];
        var names = owner.Select(member => member.Key).ToArray();
        var name = names.Length == 0 ? "a" : Any(names);
        switch (_random.Next(4))
        {
            case 0:
                owner[Mark] = owner[name]?.DeepClone();
                owner.Remove(name);
                return root!.ToJsonString().Replace(Mark, Any(Names), StringComparison.Ordinal);
            case 1:
                owner[Mark] = Mark;
                return root!.ToJsonString().Replace($"\"{Mark}\":\"{Mark}\"", $"\"{Any([name, .. Names])}\":{Any(Values)}", StringComparison.Ordinal);
            case 2:
                owner.Remove(name);
                return root!.ToJsonString();
            default:
                owner[name] = Mark;
                return root!.ToJsonString().Replace($"\"{Mark}\"", Any(Values), StringComparison.Ordinal);
        }
    }

    /// <summary>Whether it can be read, and all of it written again.</summary>
    private static bool IsText(string body)
    {
        try
        {
            var root = JsonNode.Parse(body);
            return Objects(root).Count() >= 0 && root?.DeepClone().ToJsonString() is not null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            return false;
        }
    }

    private static IEnumerable<JsonObject> Objects(JsonNode? node) => node switch
    {
        JsonObject item => [item, .. item.SelectMany(member => Objects(member.Value))],
        JsonArray items => items.SelectMany(Objects),
        _ => [],
    };

    private string Any(string[] from) => from[_random.Next(from.Length)];
}

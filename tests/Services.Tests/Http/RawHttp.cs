using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace FanOut.Services.Tests.Http;

/// <summary>Sends bytes, for requests that no HTTP client would send.</summary>
internal static class RawHttp
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <exception cref="TimeoutException">There is no whole answer.</exception>
    public static async Task<RawAnswer> SendAsync(Uri address, ReadOnlyMemory<byte> request, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, cancellationToken);
        var stream = client.GetStream();
        var received = new MemoryStream();
        try
        {
            await stream.WriteAsync(request, cancellationToken);
            var buffer = new byte[8192];
            while (!IsWhole(received.GetBuffer().AsSpan(0, (int)received.Length))
                && await stream.ReadAsync(buffer, cancellationToken).AsTask().WaitAsync(Patience, cancellationToken) is > 0 and var count)
            {
                received.Write(buffer, 0, count);
            }
        }
        catch (IOException)
        {
            // The server has closed the connection without reading everything.
        }

        return RawAnswer.Parse(Encoding.UTF8.GetString(received.GetBuffer(), 0, (int)received.Length));
    }

    private static bool IsWhole(ReadOnlySpan<byte> received)
    {
        var end = received.IndexOf("\r\n\r\n"u8);
        if (end < 0)
        {
            return false;
        }

        var answer = RawAnswer.Parse(Encoding.UTF8.GetString(received[..(end + 4)]));
        return answer.Status != 100 && (answer.Header("Content-Length") is { } length
            ? received.Length - end - 4 >= int.Parse(length, CultureInfo.InvariantCulture)
            : answer.Header("Transfer-Encoding") is null ? answer.Status is 204 or 304 : received.EndsWith("0\r\n\r\n"u8));
    }
}

internal sealed record RawAnswer(int Status, string[] Headers, string Body)
{
    public static RawAnswer Parse(string text)
    {
        const string Continue = "HTTP/1.1 100 Continue\r\n\r\n";
        text = text.StartsWith(Continue, StringComparison.Ordinal) && text.Length > Continue.Length ? text[Continue.Length..] : text;
        var parts = text.Split("\r\n\r\n", 2);
        var lines = parts[0].Split("\r\n");
        return new(lines[0].Split(' ') is [_, var status, ..] ? int.Parse(status, CultureInfo.InvariantCulture) : 0, lines[1..], parts[^1]);
    }

    public string? Header(string name) =>
        Headers.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.OrdinalIgnoreCase))?[(name.Length + 1)..].Trim();
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace FanOut.TestServers.Gates;

/// <summary>
/// One client's session with Postgres, as far as it must be understood to tell calls and replies apart:
/// https://www.postgresql.org/docs/current/protocol-message-formats.html.
/// </summary>
internal sealed class GatedSession(Socket client, PostgresGate gate) : IDisposable
{
    private const int SslRequest = 80877103;
    private const int GssRequest = 80877104;
    private const int CancelRequest = 80877102;

    /// <summary>Query, Sync, FunctionCall, CopyDone and CopyFail: the client waits for an answer.</summary>
    private const string Asks = "QSFcf";

    /// <summary>ReadyForQuery, CopyInResponse and CopyBothResponse: the server waits for the client.</summary>
    private const string Ends = "ZGW";

    private readonly NetworkStream _client = new(client, ownsSocket: true);
    private readonly TcpClient _server = new() { NoDelay = true };

    /// <summary>Serves the client until either side ends the session.</summary>
    public async Task RunAsync(int serverPort)
    {
        try
        {
            client.NoDelay = true;
            await _server.ConnectAsync(IPAddress.Loopback, serverPort);
            var server = _server.GetStream();
            if (!await LogInAsync(server))
            {
                return;
            }

            while (await ReadCallAsync() is { } call)
            {
                var reply = await gate.PassAsync(() => AskAsync(server, call));
                await _client.WriteAsync(reply.Bytes);
                if (reply.IsLast)
                {
                    return;
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // The other side is told by the end of its connection.
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    /// <returns>False where no session comes of it.</returns>
    private async Task<bool> LogInAsync(NetworkStream server)
    {
        while (true)
        {
            var head = new byte[8];
            await _client.ReadExactlyAsync(head);
            var code = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(4));
            if (code is SslRequest or GssRequest)
            {
                await _client.WriteAsync("N"u8.ToArray());
                continue;
            }

            var rest = new byte[BinaryPrimitives.ReadInt32BigEndian(head) - head.Length];
            await _client.ReadExactlyAsync(rest);
            await server.WriteAsync(head.Concat(rest).ToArray());
            if (code == CancelRequest)
            {
                return false;
            }

            break;
        }

        while (true)
        {
            using var message = new MemoryStream();
            var type = await CopyMessageAsync(server, message);
            await _client.WriteAsync(message.ToArray());
            if (type is null or 'E' or 'Z')
            {
                return type == 'Z';
            }

            // AuthenticationOk and AuthenticationSASLFinal need no answer.
            if (type == 'R' && BinaryPrimitives.ReadInt32BigEndian(message.ToArray().AsSpan(5)) is not (0 or 12))
            {
                await CopyMessageAsync(_client, server);
            }
        }
    }

    private async Task<Call?> ReadCallAsync()
    {
        using var bytes = new MemoryStream();
        for (var answers = 0; await CopyMessageAsync(_client, bytes) is { } type && type != 'X';)
        {
            if (!Asks.Contains(type, StringComparison.Ordinal))
            {
                continue;
            }

            answers++;
            if (client.Available == 0)
            {
                return new Call(bytes.ToArray(), answers);
            }
        }

        return null;
    }

    private static async Task<Reply> AskAsync(NetworkStream server, Call call)
    {
        // Not first the one and then the other: a server whose replies nobody reads takes no more.
        var sending = server.WriteAsync(call.Bytes).AsTask();
        using var bytes = new MemoryStream();
        for (var answers = 0; answers < call.Answers;)
        {
            if (await CopyMessageAsync(server, bytes) is not { } type)
            {
                return new Reply(bytes.ToArray(), IsLast: true);
            }

            if (Ends.Contains(type, StringComparison.Ordinal))
            {
                answers++;
            }
        }

        await sending;
        return new Reply(bytes.ToArray(), IsLast: false);
    }

    /// <returns>The message's type; null at the end of the connection.</returns>
    private static async Task<char?> CopyMessageAsync(Stream from, Stream to)
    {
        var head = new byte[5];
        if (await from.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false) < head.Length)
        {
            return null;
        }

        var message = new byte[1 + BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(1))];
        head.CopyTo(message, 0);
        await from.ReadExactlyAsync(message.AsMemory(head.Length));
        await to.WriteAsync(message);
        return (char)head[0];
    }

    private sealed record Call(byte[] Bytes, int Answers);

    private sealed record Reply(byte[] Bytes, bool IsLast);
}

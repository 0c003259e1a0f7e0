using System.Net;
using System.Net.Sockets;

namespace FanOut.TestServers.Network;

/// <summary>A client's connection, and its counterpart to the server.</summary>
internal sealed class ProxiedConnection(Socket client, Func<TcpProxy.Condition> condition) : IDisposable
{
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private volatile bool _lostBytes;
    private volatile int _port;

    /// <summary>Whether bytes of one side were dropped.</summary>
    public bool LostBytes => _lostBytes;

    /// <summary>The client port that the server sees; 0 while it is not connected.</summary>
    public int Port => _port;

    /// <summary>Connects to the server and passes bytes until one side disconnects.</summary>
    public async Task RunAsync(int port, CancellationToken connecting)
    {
        try
        {
            client.NoDelay = true;
            await _server.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), connecting);
            _port = ((IPEndPoint)_server.LocalEndPoint!).Port;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            return;
        }

        await Task.WhenAll(PassAsync(client, _server), PassAsync(_server, client));
    }

    /// <summary>Drops what the client sends, and never answers.</summary>
    public async Task DropAsync()
    {
        _lostBytes = true;
        var buffer = new byte[4096];
        try
        {
            while (await client.ReceiveAsync(buffer) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The client has disconnected, or the network is restored.
        }
    }

    /// <summary>Resets both sides.</summary>
    public void Reset()
    {
        foreach (var socket in new[] { client, _server })
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Already closed.
            }

            socket.Dispose();
        }
    }

    public void Dispose() => Reset();

    private async Task PassAsync(Socket from, Socket to)
    {
        var buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var count = await from.ReceiveAsync(buffer);
                var now = condition();
                if (now.State == NetworkState.HalfOpen)
                {
                    // Neither bytes nor the end of the stream arrive.
                    _lostBytes = true;
                    if (count == 0)
                    {
                        return;
                    }

                    continue;
                }

                if (now.State == NetworkState.Slow)
                {
                    await Task.Delay(now.Delay, TimeProvider.System);
                }

                // Bytes after dropped ones must not arrive either: the stream would have a gap.
                if (_lostBytes)
                {
                    Reset();
                    return;
                }

                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent));
                }
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // One side is gone. Reset the other, unless the network is half open: then it would not learn of it.
            if (condition().State == NetworkState.HalfOpen)
            {
                _lostBytes = true;
            }
            else
            {
                Reset();
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace FanOut.TestServers.Network;

/// <summary>One client's connection and the one to the server that stands for it.</summary>
internal sealed class ProxiedConnection(Socket client, Func<TcpProxy.Condition> condition) : IDisposable
{
    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private volatile bool _lostBytes;
    private volatile int _port;

    /// <summary>Whether one side has sent something that the other will never get.</summary>
    public bool LostBytes => _lostBytes;

    /// <summary>Where the server sees it coming from; 0 while it is not connected.</summary>
    public int Port => _port;

    /// <summary>Connects to the server and passes bytes until one side is gone.</summary>
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

    /// <summary>Reads what the client sends, and never answers.</summary>
    public async Task SwallowAsync()
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
            // The client has given up, or the network is well again.
        }
    }

    /// <summary>Ends both sides at once: they hear that the connection was reset.</summary>
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
                // Gone already.
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
                    // Neither bytes nor the end of them arrive.
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

                // What follows lost bytes must not arrive either: it would look as if they had never been sent.
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
            // One side is gone without a word; so is the other then, but where the network would not tell it.
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

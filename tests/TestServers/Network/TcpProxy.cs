using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace FanOut.TestServers.Network;

/// <summary>A proxy on loopback that simulates network faults between a client and a server.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ConcurrentDictionary<ProxiedConnection, Task> _connections = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _accepting;
    private volatile int _upstreamPort;
    private volatile Condition _condition = new(NetworkState.Open, TimeSpan.Zero);

    private TcpProxy(int upstreamPort)
    {
        _upstreamPort = upstreamPort;
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(512);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _accepting = Task.Run(AcceptAsync);
    }

    /// <summary>The port that clients connect to.</summary>
    public int Port { get; }

    /// <summary>The server's port on loopback. A change applies to new connections.</summary>
    public int UpstreamPort
    {
        get => _upstreamPort;
        set => _upstreamPort = value;
    }

    public NetworkState State => _condition.State;

    public int Connections => _connections.Count;

    /// <summary>Whether the connection with this client port at the server belongs to this proxy.</summary>
    public bool Carries(int port) => _connections.Keys.Any(connection => connection.Port == port);

    public static TcpProxy Start(int upstreamPort) => new(upstreamPort);

    /// <summary>Resets all connections, and each new one.</summary>
    public void Cut()
    {
        _condition = new(NetworkState.Cut, TimeSpan.Zero);
        Reset();
    }

    /// <summary>Drops what is sent in either direction. New connections are accepted and get no answer.</summary>
    public void HalfOpen() => _condition = new(NetworkState.HalfOpen, TimeSpan.Zero);

    /// <summary>Delays everything that is sent, in either direction.</summary>
    public void Slow(TimeSpan delay) => _condition = new(NetworkState.Slow, delay);

    /// <summary>Passes everything again. Connections that lost bytes are reset, as a host resets unknown ones.</summary>
    public void Heal()
    {
        _condition = new(NetworkState.Open, TimeSpan.Zero);
        foreach (var connection in _connections.Keys.Where(connection => connection.LostBytes))
        {
            connection.Reset();
        }
    }

    /// <summary>Resets all connections. New ones work.</summary>
    public void Reset()
    {
        foreach (var connection in _connections.Keys)
        {
            connection.Reset();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Reset();
        await Task.WhenAll(_connections.Values);
        _ending.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_ending.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(_ending.Token);
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or SocketException)
            {
                continue;
            }

            var connection = new ProxiedConnection(client, () => _condition);
            var served = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _connections[connection] = served.Task;
            _ = Task.Run(async () =>
            {
                try
                {
                    await ServeAsync(connection);
                }
                finally
                {
                    connection.Reset();
                    _connections.TryRemove(connection, out _);
                    served.SetResult();
                }
            });
        }
    }

    private async Task ServeAsync(ProxiedConnection connection)
    {
        var state = _condition.State;
        if (state == NetworkState.HalfOpen)
        {
            await connection.DropAsync();
        }
        else if (state != NetworkState.Cut)
        {
            using var timeout = new CancellationTokenSource(ConnectTimeout, TimeProvider.System);
            await connection.RunAsync(_upstreamPort, timeout.Token);
        }
    }

    internal sealed record Condition(NetworkState State, TimeSpan Delay);
}

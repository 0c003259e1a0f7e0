using System.Net;
using System.Net.Sockets;
using System.Text;
using FanOut.TestServers.Network;
using Xunit;

namespace FanOut.Services.Tests.TestServers.Network;

public sealed class TcpProxyTests : IAsyncLifetime
{
    private static readonly TimeSpan Silence = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(30);

    private readonly EchoServer _server = new();
    private TcpProxy _proxy = null!;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync()
    {
        _proxy = TcpProxy.Start(_server.Port);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        await _proxy.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task An_open_proxy_passes_data_and_the_end_of_the_stream()
    {
        using var client = await ConnectAsync();
        var sent = new byte[300_000];
        Random.Shared.NextBytes(sent);
        var sending = client.SendAsync(sent);

        var received = new byte[sent.Length];
        for (var count = 0; count < sent.Length;)
        {
            count += await ReceiveAsync(client, received.AsMemory(count));
        }

        Assert.Equal(sent.Length, await sending);
        Assert.Equal(sent, received);
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal(0, await ReceiveAsync(client, received));
    }

    [Fact]
    public async Task A_cut_proxy_resets_connections_until_it_is_healed()
    {
        using var client = await ConnectAsync();
        Assert.Equal("one", await EchoAsync(client, "one"));

        _proxy.Cut();

        await AssertResetAsync(client);
        await AssertNewIsResetAsync();

        _proxy.Heal();
        using var healed = await ConnectAsync();
        Assert.Equal("two", await EchoAsync(healed, "two"));
    }

    [Fact]
    public async Task A_half_open_proxy_drops_data_and_resets_affected_connections_when_healed()
    {
        using var speaking = await ConnectAsync();
        using var silent = await ConnectAsync();
        Assert.Equal("one", await EchoAsync(speaking, "one"));
        Assert.Equal("one", await EchoAsync(silent, "one"));

        _proxy.HalfOpen();
        await speaking.SendAsync("lost"u8.ToArray());
        await AssertSilenceAsync(speaking);
        using var late = await ConnectAsync();
        await late.SendAsync("lost"u8.ToArray());
        await AssertSilenceAsync(late);

        _proxy.Heal();
        await AssertResetAsync(speaking);
        await AssertResetAsync(late);
        Assert.Equal("two", await EchoAsync(silent, "two"));
        Assert.DoesNotContain("lost", _server.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_half_open_proxy_hides_a_disconnect()
    {
        var client = await ConnectAsync();
        Assert.Equal("one", await EchoAsync(client, "one"));

        _proxy.HalfOpen();
        client.Dispose();
        await AssertStaysAsync(() => _server.Connections == 1);

        _proxy.Heal();
        await BecomesAsync(() => _server.Connections == 0);
    }

    [Fact]
    public async Task A_slow_proxy_delays_both_directions()
    {
        var delay = TimeSpan.FromMilliseconds(200);
        using var client = await ConnectAsync();
        Assert.Equal("one", await EchoAsync(client, "one"));

        _proxy.Slow(delay);
        var begun = TimeProvider.System.GetTimestamp();
        Assert.Equal("two", await EchoAsync(client, "two"));

        Assert.True(TimeProvider.System.GetElapsedTime(begun) >= delay * 2 - TimeSpan.FromMilliseconds(20));
    }

    [Fact]
    public async Task New_connections_go_to_the_new_target()
    {
        await using var other = new EchoServer();
        using var before = await ConnectAsync();
        Assert.Equal("one", await EchoAsync(before, "one"));

        _proxy.UpstreamPort = other.Port;
        _proxy.Reset();

        await AssertResetAsync(before);
        using var client = await ConnectAsync();
        Assert.Equal("two", await EchoAsync(client, "two"));
        Assert.Equal("two", other.Received);
    }

    [Fact]
    public async Task The_proxy_recognises_its_own_connections()
    {
        using var direct = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await direct.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _server.Port), Cancelled);
        using var client = await ConnectAsync();
        Assert.Equal("one", await EchoAsync(client, "one"));
        await BecomesAsync(() => _server.Connections == 2);

        var directPort = ((IPEndPoint)direct.LocalEndPoint!).Port;
        Assert.Equal(directPort, Assert.Single(_server.ClientPorts, port => !_proxy.Carries(port)));
    }

    [Fact]
    public async Task A_missing_server_causes_resets_until_it_is_back()
    {
        await _server.DisposeAsync();
        await AssertNewIsResetAsync();

        await using var back = new EchoServer();
        _proxy.UpstreamPort = back.Port;
        using var client = await ConnectAsync();
        Assert.Equal("one", await EchoAsync(client, "one"));
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, _proxy.Port), Cancelled);
        return socket;
    }

    private static async Task<string> EchoAsync(Socket socket, string text)
    {
        var sent = Encoding.UTF8.GetBytes(text);
        await socket.SendAsync(sent);
        var received = new byte[sent.Length];
        for (var count = 0; count < sent.Length;)
        {
            var more = await ReceiveAsync(socket, received.AsMemory(count));
            Assert.NotEqual(0, more);
            count += more;
        }

        return Encoding.UTF8.GetString(received);
    }

    private static async Task<int> ReceiveAsync(Socket socket, Memory<byte> buffer) =>
        await socket.ReceiveAsync(buffer, Cancelled).AsTask().WaitAsync(Timeout, TimeProvider.System, Cancelled);

    private static async Task AssertResetAsync(Socket socket)
    {
        var error = await Assert.ThrowsAsync<SocketException>(() => ReceiveAsync(socket, new byte[16]));
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    /// <summary>The reset may come before the connection is established.</summary>
    private async Task AssertNewIsResetAsync()
    {
        var error = await Assert.ThrowsAsync<SocketException>(async () =>
        {
            using var socket = await ConnectAsync();
            await ReceiveAsync(socket, new byte[16]);
        });
        Assert.Equal(SocketError.ConnectionReset, error.SocketErrorCode);
    }

    private static async Task AssertSilenceAsync(Socket socket)
    {
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        silence.CancelAfter(Silence);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await socket.ReceiveAsync(new byte[16], silence.Token));
    }

    private static async Task AssertStaysAsync(Func<bool> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(begun) < Silence)
        {
            Assert.True(condition());
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancelled);
        }
    }

    private static async Task BecomesAsync(Func<bool> condition)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(begun) < Timeout);
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, Cancelled);
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using FanOut.Contracts.Operations;
using FanOut.StreamConsole.Clients;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

public sealed class FailureTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 200 O")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 100\r\nContent-Type: application/json\r\n\r\n{\"groups\":")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")]
    public async Task A_service_whose_answer_breaks_off_does_not_answer(string answer)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var answered = AnswerAsync(listener, answer);
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");

        var thrown = await ThrownAsync(address);
        await answered;

        Assert.True(Failure.IsExpected(thrown), thrown.ToString());
        Assert.Equal(("reclaimer does not answer.", true), (Failure.Of(thrown, "reclaimer").Title, Failure.Of(thrown, "reclaimer").IsAway));
    }

    [Fact]
    public async Task A_service_that_refuses_connections_does_not_answer()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}");
        listener.Stop();

        var thrown = await ThrownAsync(address);

        Assert.True(Failure.IsExpected(thrown), thrown.ToString());
        Assert.Equal("reclaimer does not answer.", Failure.Of(thrown, "reclaimer").Title);
    }

    private static async Task<Exception> ThrownAsync(Uri address)
    {
        using var http = new HttpClient { BaseAddress = address };
        return await Assert.ThrowsAnyAsync<Exception>(() => RestService.For<IOperationsApi>(http).ListGroupsAsync(Cancellation));
    }

    private static async Task AnswerAsync(TcpListener listener, string answer)
    {
        using var client = await listener.AcceptTcpClientAsync(Cancellation);
        await using var stream = client.GetStream();
        var request = new byte[4_096];
        Assert.NotEqual(0, await stream.ReadAsync(request, Cancellation));
        await stream.WriteAsync(Encoding.ASCII.GetBytes(answer), Cancellation);
    }
}

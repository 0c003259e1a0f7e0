using System.Net;
using System.Net.Sockets;
using System.Text;
using FanOut.OrderApi.Placing;
using FanOut.Services.Tests.OrderApi;
using FanOut.TestServers;
using Xunit;

namespace FanOut.Services.Tests.Http;

public sealed class SlowBodyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bodies_that_never_end_do_not_keep_orders_out()
    {
        await using var host = await StartAsync(new()
        {
            ["Admission:MaxConcurrent"] = "2",
            ["Admission:MaxQueued"] = "0",
            ["Requests:BodyTimeout"] = "00:10:00",
        });
        var uploads = await Task.WhenAll(Enumerable.Range(0, 64).Select(index => BeginAsync(host, index % 2 == 0 ? "/orders" : "/orders/batch")));
        try
        {
            using var content = OrderApiFixture.Json(OrderApiFixture.NewOrder().ToJsonString());
            using var answer = await host.Http.PostAsync(new Uri("/orders", UriKind.Relative), content, Cancellation);

            Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        }
        finally
        {
            Array.ForEach(uploads, upload => upload.Dispose());
        }
    }

    [Fact]
    public async Task A_body_that_does_not_end_in_time_is_a_408()
    {
        await using var host = await StartAsync(new() { ["Requests:BodyTimeout"] = "00:00:01" });

        var answer = await RawHttp.SendAsync(host.Address, Upload("/orders", 1_000), Cancellation);

        Assert.Equal((408, "application/problem+json", "close"), (answer.Status, answer.Header("Content-Type"), answer.Header("Connection")));
        Assert.Contains("00:00:01", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bodies_beyond_the_limit_of_memory_are_503()
    {
        await using var host = await StartAsync(new() { ["Requests:MaxBuffered"] = $"{8 << 20}", ["Requests:BodyTimeout"] = "00:10:00" });
        var uploads = new List<TcpClient>();
        try
        {
            // Each sends all but its last byte. Those that are beyond the limit are answered before their end.
            for (var index = 0; index < 3; index++)
            {
                uploads.Add(await BeginAsync(host, "/orders/batch", 4 << 20, (4 << 20) - 1));
            }

            var answers = uploads.Select(async upload =>
            {
                var buffer = new byte[1_024];
                return Encoding.ASCII.GetString(buffer, 0, await upload.GetStream().ReadAsync(buffer, Cancellation));
            });
            Assert.StartsWith("HTTP/1.1 503 ", await await Task.WhenAny(answers), StringComparison.Ordinal);
        }
        finally
        {
            uploads.ForEach(upload => upload.Dispose());
        }
    }

    [Fact]
    public async Task A_chunk_of_a_size_out_of_range_is_a_400()
    {
        await using var host = await StartAsync([]);

        foreach (var size in new[] { "FFFFFFFFFFFFFFFF", "100000000", "80000000", "-1", "x" })
        {
            var head = $"{Head("/orders")}Transfer-Encoding: chunked\r\n\r\n";
            var answer = await RawHttp.SendAsync(host.Address, Encoding.ASCII.GetBytes($"{head}{size}\r\n{{}}\r\n"), Cancellation);
            Assert.Equal((400, "application/problem+json"), (answer.Status, answer.Header("Content-Type")));
        }
    }

    private static Task<ServiceHost<OrderWriter>> StartAsync(Dictionary<string, string> settings) =>
        ServiceHost<OrderWriter>.StartAsync(settings, cancellationToken: Cancellation);

    private static async Task<TcpClient> BeginAsync(ServiceHost<OrderWriter> host, string path, int length = 1_000, int sent = 1)
    {
        var client = new TcpClient();
        await client.ConnectAsync(host.Address.Host, host.Address.Port, Cancellation);
        await client.GetStream().WriteAsync(Upload(path, length, sent), Cancellation);
        return client;
    }

    private static byte[] Upload(string path, int length, int sent = 1) => Encoding.ASCII.GetBytes(
        $"{Head(path)}Content-Length: {length}\r\n\r\n{new string(' ', sent)}");

    private static string Head(string path) =>
        $"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: {TestKey.Header}\r\nContent-Type: application/json\r\n";
}

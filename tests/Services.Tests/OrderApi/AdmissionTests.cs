using System.Net;
using FanOut.OrderApi.Placing;
using FanOut.TestServers;
using Microsoft.Extensions.Options;
using Npgsql;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;

namespace FanOut.Services.Tests.OrderApi;

public sealed class AdmissionTests
{
    [Fact]
    public async Task Requests_beyond_the_queue_get_503()
    {
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string>
            {
                // The table stays locked until the other requests are answered.
                ["ConnectionStrings:fanout"] = $"{database.ConnectionString};Command Timeout=300",
                ["Admission:MaxConcurrent"] = "2",
                ["Admission:MaxQueued"] = "3",
                ["Admission:RetryAfter"] = "00:00:07",
            },
            database,
            Cancellation);
        Task<Answer> PostAsync(string path = "/orders", string? body = null) =>
            Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(body ?? NewOrder().ToJsonString()) });
        await using var connection = await database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using (var command = new NpgsqlCommand("lock table orders.orders in access exclusive mode", connection))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        var waiting = Enumerable.Range(0, 20).Select(_ => PostAsync()).ToList();
        var refused = new List<Answer>();
        while (refused.Count < 15)
        {
            var first = await Task.WhenAny(waiting).WaitAsync(TimeSpan.FromSeconds(120), Cancellation);
            waiting.Remove(first);
            refused.Add(await first);
        }

        // The queue is full: the other routes for orders are refused too, even for invalid requests, and the probes are not.
        refused.Add(await PostAsync("/orders/batch", "{"));
        refused.Add(await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, "/orders")));
        Assert.Equal(HttpStatusCode.OK, (await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, "/health"))).Status);
        Assert.Equal(HttpStatusCode.OK, (await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, "/alive"))).Status);
        Assert.All(waiting, request => Assert.False(request.IsCompleted));
        await transaction.RollbackAsync(Cancellation);

        Assert.All(await Task.WhenAll(waiting), answer => Assert.Equal(HttpStatusCode.Created, answer.Status));
        Assert.All(refused, answer =>
        {
            answer.IsProblem(HttpStatusCode.ServiceUnavailable);
            Assert.Equal("7", answer.RetryAfter);
        });
        await using var count = database.DataSource.CreateCommand("select count(*) from orders.orders");
        Assert.Equal(5L, await count.ExecuteScalarAsync(Cancellation));
        Assert.Equal(HttpStatusCode.Created, (await PostAsync()).Status);
    }

    [Theory]
    [InlineData("MaxConcurrent", "0")]
    [InlineData("MaxQueued", "-1")]
    [InlineData("RetryAfter", "00:00:00")]
    public async Task An_invalid_setting_stops_the_start_and_names_its_key(string name, string value)
    {
        var settings = new Dictionary<string, string> { [$"Admission:{name}"] = value };

        var refused = await Assert.ThrowsAsync<OptionsValidationException>(
            () => ServiceHost<OrderWriter>.StartAsync(settings, cancellationToken: Cancellation));

        Assert.Contains($"Admission:{name}", refused.Message, StringComparison.Ordinal);
    }
}

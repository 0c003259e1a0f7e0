using System.Net;
using FanOut.OrderApi.Placing;
using FanOut.TestServers;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;

namespace FanOut.Services.Tests.OrderApi;

public sealed class AvailabilityTests
{
    [Fact]
    public async Task While_Postgres_is_away_orders_are_refused_for_later_and_afterwards_taken_once()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var database = await postgres.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var host = await ServiceHost<OrderWriter>.StartAsync(database: database, cancellationToken: Cancellation);
        var body = NewOrder().ToJsonString();
        Task<Answer> PostAsync() => Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = Json(body) });
        var before = await PostAsync();
        Assert.Equal(HttpStatusCode.Created, before.Status);

        await postgres.KillAsync();

        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => PostAsync())))
        {
            answer.IsProblem(HttpStatusCode.ServiceUnavailable);
            Assert.True(int.Parse(answer.RetryAfter!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        }

        (await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, "/orders"))).IsProblem(HttpStatusCode.ServiceUnavailable);

        await postgres.RestartAsync(Cancellation);

        // A session of the pool may still be a dead one.
        var after = await PostAsync();
        for (var attempt = 0; attempt < 100 && after.Status == HttpStatusCode.ServiceUnavailable; attempt++)
        {
            after = await PostAsync();
        }

        Assert.Equal(before with { Replayed = true }, after);
    }
}

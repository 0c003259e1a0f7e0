using System.Net;
using FanOut.OrderApi.Placing;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.Services.Tests.Access;
using FanOut.Services.Tests.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Options;
using Xunit;

namespace FanOut.Services.Tests.Http;

/// <summary>What one caller, one request and its headers may take.</summary>
public sealed class LimitTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_caller_over_its_rate_gets_429_and_delays_no_other()
    {
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string> { ["Requests:RatePerCaller"] = "1", ["Requests:BurstPerCaller"] = "5" }, cancellationToken: Cancellation);
        var alice = await NewKey.InAsync(host.Database.DataSource, Scopes.Any);
        var bob = await NewKey.InAsync(host.Database.DataSource, Scopes.Any);

        var refused = await GetAsync(alice);
        while (refused.Status == HttpStatusCode.OK)
        {
            refused = await GetAsync(alice);
        }

        refused.IsProblem(HttpStatusCode.TooManyRequests);
        Assert.Contains("Requests:RatePerCaller", refused.Body, StringComparison.Ordinal);
        Assert.Equal("1", refused.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(bob)).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(alice, "/health")).Status);
        await Eventually.BecomesTrueAsync(async () => (await GetAsync(alice)).Status == HttpStatusCode.OK);

        Task<Answer> GetAsync(ApiKey key, string path = "/orders") => Answer.ToAsync(
            host.Http, new HttpRequestMessage(HttpMethod.Get, path) { Headers = { { "Authorization", $"Bearer {key.Text}" } } });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(9)]
    [InlineData(15)]
    [InlineData(19)]
    [InlineData(2_000)]
    [InlineData(1_000_000)]
    public void The_rate_of_a_caller_is_the_one_that_is_set(int rate)
    {
        var bucket = CallerRates.Bucket(new RequestLimits { RatePerCaller = rate });

        Assert.Equal(rate, bucket.TokensPerPeriod / bucket.ReplenishmentPeriod.TotalSeconds, rate * 0.001);
    }

    [Fact]
    public async Task A_request_over_its_time_gets_504()
    {
        await using var service = await StartAsync(("Timeout", "00:00:01"));

        var late = await Answer.ToAsync(service.Http, new HttpRequestMessage(HttpMethod.Get, "/slow"));

        late.IsProblem(HttpStatusCode.GatewayTimeout);
        Assert.Contains("Requests:Timeout", late.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_over_16_KiB_get_431()
    {
        await using var service = await StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { { "x-large", new string('a', 17 * 1024) } } };

        using var answer = await service.Http.SendAsync(request, Cancellation);

        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, answer.StatusCode);
    }

    [Theory]
    [InlineData("RatePerCaller", "0")]
    [InlineData("BurstPerCaller", "-1")]
    [InlineData("Timeout", "00:00:00")]
    [InlineData("BodyTimeout", "1.00:00:00")]
    public async Task An_invalid_limit_stops_the_start_and_names_its_key(string name, string value)
    {
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => StartAsync((name, value)));

        Assert.Contains($"Requests:{name}", refused.Message, StringComparison.Ordinal);
    }

    private static Task<DefaultService> StartAsync(params (string Name, string? Value)[] limits) => DefaultService.StartAsync(
        limits.ToDictionary(limit => $"Requests:{limit.Name}", limit => limit.Value),
        map: app => app.MapGet("/slow", (CancellationToken token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token))
            .RequireScope(Scopes.OpsRead));
}

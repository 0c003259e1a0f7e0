using System.Net;
using System.Security.Claims;
using FanOut.Services.Tests.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
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
        await using var service = await StartAsync(("RatePerCaller", "1"), ("BurstPerCaller", "5"));

        var refused = await UntilRefusedAsync(service, "alice");
        refused.IsProblem(HttpStatusCode.TooManyRequests);
        Assert.Contains("Requests:RatePerCaller", refused.Body, StringComparison.Ordinal);
        Assert.Equal("1", refused.RetryAfter);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/", "bob")).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/", null)).Status);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(service, "/health", "alice")).Status);
        await Eventually.BecomesTrueAsync(
            async () => (await GetAsync(service, "/", "alice")).Status == HttpStatusCode.OK, TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_request_over_its_time_gets_504()
    {
        await using var service = await StartAsync(("Timeout", "00:00:01"));

        var late = await GetAsync(service, "/slow", "alice");

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
        builder => builder.Services.AddTransient<IStartupFilter, CallerFilter>(),
        app =>
        {
            app.MapGet("/", () => "done");
            app.MapGet("/slow", (CancellationToken token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
        });

    private static async Task<Answer> UntilRefusedAsync(DefaultService service, string caller)
    {
        while (true)
        {
            var answer = await GetAsync(service, "/", caller);
            if (answer.Status != HttpStatusCode.OK)
            {
                return answer;
            }
        }
    }

    private static Task<Answer> GetAsync(DefaultService service, string path, string? caller)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (caller is not null)
        {
            request.Headers.Add("x-caller", caller);
        }

        return Answer.ToAsync(service.Http, request);
    }

    /// <summary>Takes the caller from a header.</summary>
    private sealed class CallerFilter : IStartupFilter
    {
        public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
        {
            app.Use((context, following) =>
            {
                if (context.Request.Headers["x-caller"].ToString() is { Length: > 0 } caller)
                {
                    context.User = new(new ClaimsIdentity([new(ClaimTypes.NameIdentifier, caller)], "test"));
                }

                return following(context);
            });
            next(app);
        };
    }
}

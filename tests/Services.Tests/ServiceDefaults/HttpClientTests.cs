using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

public sealed class HttpClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_GET_is_retried_and_services_are_found_by_name()
    {
        var gets = 0;
        var posts = 0;
        await using var flaky = await DefaultService.StartAsync(map: app =>
        {
            app.MapGet("/", () => Interlocked.Increment(ref gets) == 1 ? Results.StatusCode(503) : Results.Ok());
            app.MapPost("/", () => Interlocked.Increment(ref posts) == 1 ? Results.StatusCode(503) : Results.Ok());
        });
        await using var caller = await DefaultService.StartAsync(new() { ["services:flaky:http:0"] = flaky.Http.BaseAddress!.ToString() });
        using var client = caller.App.Services.GetRequiredService<IHttpClientFactory>().CreateClient();

        using var got = await client.GetAsync(new Uri("http://flaky/"), Cancellation);
        using var posted = await client.PostAsync(new Uri("http://flaky/"), null, Cancellation);

        Assert.Equal((HttpStatusCode.OK, 2), (got.StatusCode, gets));
        Assert.Equal((HttpStatusCode.ServiceUnavailable, 1), (posted.StatusCode, posts));
    }

    [Theory]
    [InlineData(null, 30)]
    [InlineData("7", 7)]
    public void The_shutdown_timeout_is_30_seconds_unless_configured(string? configured, int seconds)
    {
        var builder = DefaultService.Builder(new() { ["shutdownTimeoutSeconds"] = configured });
        builder.Services.Configure<HostOptions>(_ => { });

        using var services = builder.Services.BuildServiceProvider();

        Assert.Equal(TimeSpan.FromSeconds(seconds), services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }
}

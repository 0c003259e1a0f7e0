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
    public async Task A_failed_GET_is_tried_again_and_a_POST_is_not_and_both_find_the_service_by_name()
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
    public void Shutdown_has_time_to_finish_a_batch_and_the_standard_key_changes_it(string? configured, int seconds)
    {
        var builder = DefaultService.Builder(new() { ["shutdownTimeoutSeconds"] = configured });
        builder.Services.Configure<HostOptions>(_ => { });

        using var services = builder.Services.BuildServiceProvider();

        Assert.Equal(TimeSpan.FromSeconds(seconds), services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }
}

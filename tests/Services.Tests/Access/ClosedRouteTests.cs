using FanOut.Services.Tests.ServiceDefaults;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>What a programmer forgets is closed.</summary>
public sealed class ClosedRouteTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("/forgotten", 403)]
    [InlineData("/without-scope", 403)]
    [InlineData("/metrics", 200)]
    [InlineData("/unknown", 404)]
    public async Task A_route_without_a_scope_is_closed_to_a_caller_with_every_scope(string path, int status)
    {
        // The caller of a service that allows anonymous ones has every scope.
        await using var app = DefaultService.Builder([]).Build();
        app.MapDefaultEndpoints();
        app.MapGet("/forgotten", () => "secret");
        app.MapGet("/without-scope", () => "secret").RequireAuthorization();
        await app.StartAsync(Cancellation);
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.Single()) };

        using var answer = await http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        using var posted = await http.PostAsync(new Uri("/metrics", UriKind.Relative), null, Cancellation);

        Assert.Equal((status, 405), ((int)answer.StatusCode, (int)posted.StatusCode));
    }
}

using System.Security.Claims;
using FanOut.StreamConsole.Clients;
using FanOut.StreamConsole.Live;
using FanOut.StreamConsole.Pages;
using FanOut.StreamConsole.Parts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

/// <summary>What a page shows before it knows anything, and where no service answers.</summary>
public sealed class FirstDrawingTests
{
    private const string Address = "http://localhost/";
    private const string WithPanel = "http://localhost/?open=1&name=group";
    private const string Key = "none";

    private static readonly Type[] Live =
        [.. typeof(LivePage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(LivePage)) && !type.IsAbstract)];

    /// <summary>Where nobody has looked lately, a page is drawn for the first time while the state of the system is still being read.</summary>
    [Fact]
    public async Task Each_page_is_drawn_before_anything_is_read()
    {
        await using var console = await ConsoleHost.StartAsync();

        var drawn = await Task.WhenAll(Live.Select(page => DrawAsync(console, page, isRead: false)));

        Assert.All(drawn, Assert.NotEmpty);
    }

    [Fact]
    public async Task Each_page_says_who_does_not_answer_as_soon_as_it_is_known_and_when_it_has_asked()
    {
        await using var console = await ConsoleHost.StartAsync();
        var clients = new ServiceClients(console.Services.GetRequiredService<IHttpClientFactory>(), Key);
        Type[] all = [.. Live.Where(page => page != typeof(TryIt))]; // It asks nobody.
        var pages = all.Where(page => page.IsDefined(typeof(RouteAttribute), inherit: false));

        await console.Services.GetRequiredService<LiveStatus>().ReadAsync(clients);
        var known = await Task.WhenAll(pages.Select(page => DrawAsync(console, page, isRead: false)));
        var asked = await Task.WhenAll(all.Select(page => DrawAsync(console, page, isRead: true)));

        Assert.All(known.Concat(asked), text => Assert.Contains(" does not answer.", text, StringComparison.Ordinal));
    }

    /// <param name="console">The console.</param>
    /// <param name="page">The page.</param>
    /// <param name="isRead">Whether to wait for what the page asks.</param>
    private static async Task<string> DrawAsync(ConsoleHost console, Type page, bool isRead)
    {
        await using var scope = console.Services.CreateAsyncScope();
        var viewer = new ClaimsPrincipal(new ClaimsIdentity([new Claim(Viewer.TokenClaim, Key)], "tests"));
        ((IHostEnvironmentAuthenticationStateProvider)scope.ServiceProvider.GetRequiredService<AuthenticationStateProvider>())
            .SetAuthenticationState(Task.FromResult(new AuthenticationState(viewer)));
        ((IHostEnvironmentNavigationManager)scope.ServiceProvider.GetRequiredService<NavigationManager>()).Initialize(Address, WithPanel);
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            // The order or the endpoint that the page is about.
            var parameters = page.GetProperties()
                .Where(property => property.PropertyType == typeof(Guid) && property.IsDefined(typeof(ParameterAttribute), inherit: true))
                .ToDictionary(property => property.Name, _ => (object?)Guid.NewGuid());
            var root = renderer.BeginRenderingComponent(page, ParameterView.FromDictionary(parameters));
            if (isRead)
            {
                await root.QuiescenceTask;
            }

            return root.ToHtmlString();
        });
    }
}

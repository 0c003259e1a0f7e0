using System.Security.Claims;
using FanOut.StreamConsole.Clients;
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

/// <summary>What a page shows before it knows anything, and where nobody answers.</summary>
public sealed class FirstDrawingTests(FirstDrawingTests.Console console) : IClassFixture<FirstDrawingTests.Console>
{
    private const string Address = "http://localhost/";

    private static readonly Type[] Live = [.. typeof(LivePage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(LivePage)) && !type.IsAbstract)];

    public static TheoryData<Type> Pages => [.. Live];

    /// <summary>Where nobody has looked lately, a page is drawn for the first time while the state of the system is still being read.</summary>
    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_is_drawn_before_anything_is_read(Type page) => Assert.NotEmpty(await DrawAsync(page, isRead: false));

    /// <summary>Not one after the other: each waits for what it asks.</summary>
    [Fact]
    public async Task A_page_says_who_does_not_answer()
    {
        var pages = Live.Where(page => page.IsDefined(typeof(RouteAttribute), inherit: false) && page != typeof(TryIt)); // It asks nobody.

        var drawn = await Task.WhenAll(pages.Select(page => DrawAsync(page, isRead: true)));

        Assert.All(drawn, text => Assert.Contains(" does not answer.", text, StringComparison.Ordinal));
    }

    private async Task<string> DrawAsync(Type page, bool isRead)
    {
        await using var scope = console.Services.CreateAsyncScope();
        var viewer = new ClaimsPrincipal(new ClaimsIdentity([new Claim(Viewer.TokenClaim, "none")], "tests"));
        ((IHostEnvironmentAuthenticationStateProvider)scope.ServiceProvider.GetRequiredService<AuthenticationStateProvider>())
            .SetAuthenticationState(Task.FromResult(new AuthenticationState(viewer)));
        ((IHostEnvironmentNavigationManager)scope.ServiceProvider.GetRequiredService<NavigationManager>()).Initialize(Address, Address);
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, NullLoggerFactory.Instance);
        return await renderer.Dispatcher.InvokeAsync(async () =>
        {
            var root = renderer.BeginRenderingComponent(page, ParameterView.Empty);
            if (isRead)
            {
                await root.QuiescenceTask;
            }

            return root.ToHtmlString();
        });
    }

    /// <summary>The console without the services that it asks.</summary>
    public sealed class Console : IAsyncLifetime
    {
        private ConsoleHost? _host;

        internal IServiceProvider Services => _host!.Services;

        public async ValueTask InitializeAsync() => _host = await ConsoleHost.StartAsync();

        public ValueTask DisposeAsync() => _host!.DisposeAsync();
    }
}

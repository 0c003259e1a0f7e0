using System.Security.Claims;
using FanOut.StreamConsole.Clients;
using FanOut.StreamConsole.Live;
using FanOut.StreamConsole.Parts;
using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Routing;
using Microsoft.AspNetCore.Components.Web;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

/// <summary>Where nobody has looked lately, a page is drawn for the first time while the state of the system is still being read.</summary>
public sealed class FirstDrawingTests(FirstDrawingTests.Console console) : IClassFixture<FirstDrawingTests.Console>
{
    private const string Address = "http://localhost/";

    public static TheoryData<Type> Pages => [.. typeof(LivePage).Assembly.GetTypes().Where(type => type.IsSubclassOf(typeof(LivePage)) && !type.IsAbstract)];

    [Theory]
    [MemberData(nameof(Pages))]
    public async Task A_page_is_drawn_before_anything_is_read(Type page)
    {
        await using var scope = console.Services.CreateAsyncScope();
        var viewer = new ClaimsPrincipal(new ClaimsIdentity([new Claim(Viewer.TokenClaim, "none")], "tests"));
        ((IHostEnvironmentAuthenticationStateProvider)scope.ServiceProvider.GetRequiredService<AuthenticationStateProvider>())
            .SetAuthenticationState(Task.FromResult(new AuthenticationState(viewer)));
        ((IHostEnvironmentNavigationManager)scope.ServiceProvider.GetRequiredService<NavigationManager>()).Initialize(Address, Address);
        await using var renderer = new HtmlRenderer(scope.ServiceProvider, NullLoggerFactory.Instance);

        var drawn = await renderer.Dispatcher.InvokeAsync(() => renderer.BeginRenderingComponent(page, ParameterView.Empty).ToHtmlString());

        Assert.NotEmpty(drawn);
        Assert.Null(scope.ServiceProvider.GetRequiredService<LiveStatus>().Latest);
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

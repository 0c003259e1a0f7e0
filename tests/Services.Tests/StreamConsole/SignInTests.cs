using System.Net;
using System.Security.Claims;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.Access;
using FanOut.Services.Tests.ServiceDefaults;
using FanOut.StreamConsole.Clients;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace FanOut.Services.Tests.StreamConsole;

public sealed class SignInTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_key_that_may_read_operations_signs_in_until_it_signs_out()
    {
        await using var console = await ConsoleHost.StartAsync();
        var key = await console.NewKeyAsync(Scopes.OpsRead);
        Assert.Equal("/sign-in?returnUrl=%2Fgroups%3Fof%3Da%2520b", LocationOf(await console.GetAsync("/groups?of=a%20b")));

        using var signedIn = await console.SignInAsync(key.Text, "/groups?of=a%20b");

        Assert.Equal("/groups?of=a%20b", LocationOf(signedIn));
        using var page = await console.GetAsync("/");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.DoesNotContain(key.Text, await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        Assert.Equal("/sign-in", LocationOf(await console.SendAsync("/sign-out", [])));
        Assert.Equal("/sign-in?returnUrl=%2F", LocationOf(await console.GetAsync("/")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("fanout_unknown.ForTestsOnlyForTestsOnlyForTestsOnlyForTest")]
    [InlineData("fanout_x\r\nCookie: a=b")]
    [InlineData("clé")]
    [InlineData("a.malformed.token")]
    public async Task What_is_no_key_is_refused(string text)
    {
        await using var console = await ConsoleHost.StartAsync();

        using var refused = await console.SignInAsync(text);

        Assert.Equal("/sign-in?error=Key&returnUrl=%2F", LocationOf(refused));
        Assert.Equal("/sign-in?returnUrl=%2F", LocationOf(await console.GetAsync("/")));
    }

    [Fact]
    public async Task A_key_of_another_scope_is_refused_and_keeps_nobody_signed_in()
    {
        await using var console = await ConsoleHost.StartAsync();
        var other = await console.NewKeyAsync([.. Scopes.All.Except([Scopes.OpsRead])]);
        using var first = await console.SignInAsync((await console.NewKeyAsync(Scopes.OpsRead)).Text);

        using var refused = await console.SignInAsync(other.Text);

        Assert.Equal("/sign-in?error=Scope&returnUrl=%2F", LocationOf(refused));
    }

    [Fact]
    public async Task A_key_that_is_not_valid_is_refused_also_where_another_is_signed_in()
    {
        await using var console = await ConsoleHost.StartAsync();
        var key = await console.NewKeyAsync(Scopes.OpsRead);
        using var first = await console.SignInAsync(key.Text);

        using var refused = await console.SignInAsync(NewKey.WithOtherSecret(key));

        Assert.Equal("/sign-in?error=Key&returnUrl=%2F", LocationOf(refused));
    }

    [Theory]
    [InlineData("Development", true)]
    [InlineData("Production", false)]
    public async Task An_address_with_a_key_signs_in_by_itself_only_in_development(string environment, bool doesSubmit)
    {
        await using var console = await ConsoleHost.StartAsync(settings: (WebHostDefaults.EnvironmentKey, environment));

        var form = await console.Browser.GetStringAsync(new Uri("/sign-in", UriKind.Relative), Cancellation);

        Assert.Equal(doesSubmit, form.Contains("data-submits", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("/\r\nSet-Cookie: a=b")]
    [InlineData("https://evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("~//evil.example")]
    [InlineData("groups")]
    [InlineData("@evil.example")]
    [InlineData("/a/../..//evil.example")]
    public async Task A_person_is_led_to_no_other_site(string returnUrl)
    {
        await using var console = await ConsoleHost.StartAsync();

        using var signedIn = await console.SignInAsync((await console.NewKeyAsync(Scopes.OpsRead)).Text, returnUrl);

        Assert.Equal("/", LocationOf(signedIn));
    }

    [Theory]
    [InlineData("/orders?find=Müller", "/orders?find=M%C3%BCller")]
    [InlineData("/stream?at=1#row", "/stream?at=1")]
    public async Task Any_page_of_the_console_can_be_returned_to(string returnUrl, string page)
    {
        await using var console = await ConsoleHost.StartAsync();

        using var signedIn = await console.SignInAsync((await console.NewKeyAsync(Scopes.OpsRead)).Text, returnUrl);

        Assert.Equal(page, LocationOf(signedIn));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_cookie_is_kept_from_scripts_and_other_sites_and_to_encrypted_connections(bool encrypted)
    {
        await using var console = await ConsoleHost.StartAsync();
        var key = await console.NewKeyAsync(Scopes.OpsRead);

        using var signedIn = await console.SignInAsync(key.Text, encrypted: encrypted);

        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"), set => set.StartsWith("fanout-console=", StringComparison.Ordinal));
        Assert.Contains("; httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("; samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(encrypted, cookie.Contains("; secure", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(key.Text.Split('.')[1], cookie, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_revoked_key_is_signed_out()
    {
        await using var console = await ConsoleHost.StartAsync();
        var key = await console.NewKeyAsync(Scopes.OpsRead);
        using var signedIn = await console.SignInAsync(key.Text);
        Assert.NotNull(await new ApiKeyRegistry(console.Database.DataSource).RevokeAsync(key.Id, Cancellation));

        // The services too learn of it within ten seconds.
        await Eventually.BecomesTrueAsync(
            async () => (await console.GetAsync("/")).StatusCode == HttpStatusCode.Redirect);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_open_page_ends_with_its_own_key(bool isRevoked)
    {
        await using var console = await ConsoleHost.StartAsync();
        var (key, other) = (await console.NewKeyAsync(Scopes.OpsRead), await console.NewKeyAsync(Scopes.OpsRead));
        await using var page = OpenPage(console, key, out var signedOut);
        await using var otherPage = OpenPage(console, other, out var otherSignedOut);

        await new ApiKeyRegistry(console.Database.DataSource).RevokeAsync(isRevoked ? key.Id : other.Id, Cancellation);

        await Task.WhenAny(signedOut, otherSignedOut).WaitAsync(TimeSpan.FromSeconds(40), Cancellation);
        Assert.Equal((isRevoked, !isRevoked), (signedOut.IsCompleted, otherSignedOut.IsCompleted));
    }

    [Fact]
    public async Task A_person_stays_signed_in_when_the_console_is_restarted()
    {
        var cookies = new CookieContainer();
        await using var first = await ConsoleHost.StartAsync();
        using var signedIn = await first.SignInAsync((await first.NewKeyAsync(Scopes.OpsRead)).Text);
        foreach (var cookie in signedIn.Headers.GetValues("Set-Cookie"))
        {
            cookies.SetCookies(first.Address, cookie);
        }

        await using var second = await ConsoleHost.StartAsync(first.Database);
        using var browser = second.NewBrowser(cookies);

        using var page = await browser.GetAsync(new Uri("/", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("forged")]
    public async Task A_form_that_another_page_made_is_refused(string token)
    {
        await using var console = await ConsoleHost.StartAsync();
        var key = await console.NewKeyAsync(Scopes.OpsRead);
        using var form = await console.GetAsync("/sign-in");

        using var refused = await console.SendAsync("/sign-in", new() { ["__RequestVerificationToken"] = token, ["key"] = key.Text });

        Assert.Equal("/sign-in?error=Page&returnUrl=%2F", LocationOf(refused));
        using var page = await console.GetAsync("/sign-in?error=Page");
        Assert.Contains("This form was too old.", await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_log_has_the_key_or_the_cookie()
    {
        using var logs = new AllLogs();
        await using var console = await ConsoleHost.StartAsync(
            logs: logs, settings: [("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore", "Trace")]);
        var key = await console.NewKeyAsync(Scopes.OpsRead);

        using var signedIn = await console.SignInAsync(key.Text);
        using var page = await console.GetAsync("/");

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var lines = logs.Entries;
        Assert.NotEmpty(lines);
        Assert.DoesNotContain(lines, line => line.Contains(key.Text.Split('.')[1], StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>What the connection of a page keeps of the person who opened it.</summary>
    private static AsyncServiceScope OpenPage(ConsoleHost console, ApiKey key, out Task signedOut)
    {
        var scope = console.Services.CreateAsyncScope();
        var state = scope.ServiceProvider.GetRequiredService<AuthenticationStateProvider>();
        var ended = new TaskCompletionSource();
        var identity = new ClaimsIdentity([new(Viewer.TokenClaim, key.Text)], "Cookies");
        ((IHostEnvironmentAuthenticationStateProvider)state).SetAuthenticationState(
            Task.FromResult(new AuthenticationState(new ClaimsPrincipal(identity))));
        state.AuthenticationStateChanged += async changed =>
        {
            if ((await changed).User.Identity is not { IsAuthenticated: true })
            {
                ended.TrySetResult();
            }
        };
        signedOut = ended.Task;
        return scope;
    }

    private static string? LocationOf(HttpResponseMessage answer)
    {
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return answer.Headers.Location?.OriginalString;
    }
}

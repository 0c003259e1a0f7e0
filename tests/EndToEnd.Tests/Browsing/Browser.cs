using System.Collections.Concurrent;
using FanOut.EndToEnd.Tests.Running;
using FanOut.TestServers;
using Microsoft.Playwright;
using Xunit;

namespace FanOut.EndToEnd.Tests.Browsing;

/// <summary>A real browser, as the machine has it: Playwright downloads none.</summary>
public sealed class Browser : IAsyncLifetime
{
    private const int Timeout = 60_000; // Milliseconds.

    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        Assertions.SetDefaultExpectTimeout(Timeout);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = ServerBinary.Browser,
            Args =
            [
                "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--hide-scrollbars",
            ],
        });
    }

    /// <summary>
    /// Opens the console of a system, signed in, and fails if a script fails, something is logged as an error, or another host is asked.
    /// </summary>
    /// <param name="system">The system.</param>
    /// <param name="visit">What the person does. Addresses are relative to the console.</param>
    /// <param name="view">What the browser is; by default 1280 pixels wide, in the light theme.</param>
    /// <param name="key">The key to sign in with; by default that of development, which may do everything.</param>
    /// <param name="isExpected">Errors that belong to the test, such as those of a console that is restarted.</param>
    internal async Task VisitAsync(
        RunningSystem system, Func<IPage, Task> visit, View? view = null, string? key = null, Func<string, bool>? isExpected = null)
    {
        view ??= new View();
        await using var context = await _browser.NewContextAsync(new()
        {
            BaseURL = system.Console.ToString(),
            ViewportSize = new() { Width = view.Width, Height = view.Height },
            ColorScheme = view.IsDark ? ColorScheme.Dark : ColorScheme.Light,
            TimezoneId = view.TimeZone,
            Locale = "en-GB",
            ReducedMotion = ReducedMotion.Reduce,
        });
        context.SetDefaultTimeout(Timeout);
        var faults = new ConcurrentQueue<string>();
        Watch(context, system.Console, faults);
        var page = await context.NewPageAsync();
        await page.GotoAsync($"/sign-in#{key ?? system.Key}");
        await page.WaitForURLAsync(new Uri(system.Console, "/").ToString());

        try
        {
            await visit(page);
        }
        catch (Exception exception)
        {
            throw new AggregateException($"{page.Url} logged: {string.Join('\n', faults)}\nIt showed: {await ReadAsync(page)}", exception);
        }

        Assert.DoesNotContain(faults, fault => !(isExpected?.Invoke(fault) ?? false));
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    private static async Task<string> ReadAsync(IPage page)
    {
        try
        {
            return await page.EvaluateAsync<string>("document.body.innerText");
        }
        catch (PlaywrightException e)
        {
            return e.Message;
        }
    }

    private static void Watch(IBrowserContext context, Uri console, ConcurrentQueue<string> faults)
    {
        context.Console += (_, message) =>
        {
            if (message.Type == "error")
            {
                faults.Enqueue($"{message.Text} ({message.Location})");
            }
        };
        context.WebError += (_, error) => faults.Enqueue(error.Error);
        context.Request += (_, request) => CheckHost(request.Url);
        context.Page += (_, page) => page.WebSocket += (_, socket) => CheckHost(socket.Url);

        void CheckHost(string url)
        {
            if (new Uri(url) is { Authority.Length: > 0 } asked && asked.Authority != console.Authority)
            {
                faults.Enqueue($"Another host was asked: {url}");
            }
        }
    }
}

/// <summary>What a person looks at the console with.</summary>
internal sealed record View(int Width = 1280, int Height = 800, bool IsDark = false, string TimeZone = "Europe/Berlin")
{
    /// <summary>The narrowest screen that the console is made for.</summary>
    public static View Phone { get; } = new(Width: 390, Height: 844);
}

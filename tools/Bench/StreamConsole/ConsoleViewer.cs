using System.Net.Http.Json;

namespace FanOut.Bench.StreamConsole;

/// <summary>
/// A browser that shows the console's overview at times. Elsewhere it runs on a machine of its own, so here it gives way to the system.
/// </summary>
internal sealed class ConsoleViewer : IAsyncDisposable
{
    private const string Title = "Overview · FanOut";

    private readonly ServerProcess _browser;
    private readonly DirectoryInfo _profile;
    private readonly ServiceProcess _console;
    private readonly HttpClient _devTools = new(new SocketsHttpHandler { UseProxy = false });

    private ConsoleViewer(ServerProcess browser, DirectoryInfo profile, ServiceProcess console) =>
        (_browser, _profile, _console) = (browser, profile, console);

    public int ProcessId => _browser.Id;

    /// <summary>Starts the browser with an empty page.</summary>
    public static async Task<ConsoleViewer> StartAsync(ServiceProcess console, CancellationToken cancellationToken)
    {
        var profile = Directory.CreateTempSubdirectory("fanout-bench-browser-");
        var browser = await ServerProcess.StartAsync(
            "the browser",
            "nice",
            [
                "-n", "10", ServerBinary.Browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
                "--window-size=1280,900",
                $"--user-data-dir={profile.FullName}",
                "about:blank",
            ]);
        var viewer = new ConsoleViewer(browser, profile, console);
        try
        {
            var port = Path.Combine(profile.FullName, "DevToolsActivePort");
            await viewer.UntilAsync(
                () => Task.FromResult(File.Exists(port) && File.ReadLines(port).Any()), "the browser to start", cancellationToken);
            viewer._devTools.BaseAddress = new Uri($"http://127.0.0.1:{File.ReadLines(port).First()}");
            return viewer;
        }
        catch
        {
            await viewer.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens the overview and waits until it is drawn.</summary>
    public async Task<string> OpenAsync(CancellationToken cancellationToken)
    {
        var address = new Uri(_console.Http.BaseAddress!, $"/sign-in#{TestKey.Header.Parameter}").ToString();
        using var opened = await _devTools.PutAsync(
            new Uri($"/json/new?{Uri.EscapeDataString(address)}", UriKind.Relative), content: null, cancellationToken);
        var page = (await opened.EnsureSuccessStatusCode().Content.ReadFromJsonAsync<Page>(cancellationToken))!;
        await UntilAsync(
            async () => (await FindAsync(page.Id, cancellationToken)).Title == Title, "the browser to show the overview", cancellationToken);
        return page.Id;
    }

    /// <exception cref="InvalidOperationException">It did not show the overview until now.</exception>
    public async Task CloseAsync(string page, CancellationToken cancellationToken)
    {
        if (await FindAsync(page, cancellationToken) is { Title: not Title } shown)
        {
            throw new InvalidOperationException($"The browser no longer showed the overview but {shown.Title} at {shown.Url}: {_console.LogTail}");
        }

        using var closed = await _devTools.GetAsync(new Uri($"/json/close/{page}", UriKind.Relative), cancellationToken);
        closed.EnsureSuccessStatusCode();
    }

    public async ValueTask DisposeAsync()
    {
        _devTools.Dispose();
        await _browser.StopAsync(interrupt: false);
        _profile.Delete(recursive: true);
    }

    private async Task<Page> FindAsync(string id, CancellationToken cancellationToken)
    {
        var pages = await _devTools.GetFromJsonAsync<Page[]>(new Uri("/json/list", UriKind.Relative), cancellationToken);
        return pages!.Single(page => page.Id == id);
    }

    private Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellationToken) => Until.TrueAsync(
        () => _browser.HasExited
            ? throw new InvalidOperationException($"The browser ended with status {_browser.ExitCode}: {_browser.LogTail}")
            : condition(),
        what,
        cancellationToken,
        everyMilliseconds: 50);

    private sealed record Page(string Id, string Title, string Url);
}

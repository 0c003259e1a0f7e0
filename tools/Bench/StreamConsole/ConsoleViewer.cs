namespace FanOut.Bench.StreamConsole;

/// <summary>A browser that shows the console's overview. Elsewhere it runs on a machine of its own, so here it gives way to the system.</summary>
internal sealed class ConsoleViewer : IAsyncDisposable
{
    private readonly ServerProcess _browser;
    private readonly DirectoryInfo _profile;

    /// <summary>What the console uses at least to sign in and to draw the first page.</summary>
    private static readonly TimeSpan FirstPage = TimeSpan.FromMilliseconds(100);

    private ConsoleViewer(ServerProcess browser, DirectoryInfo profile) => (_browser, _profile) = (browser, profile);

    public static async Task<ConsoleViewer> OpenAsync(ServiceProcess console, CancellationToken cancellationToken)
    {
        var used = console.ProcessorTime;
        var profile = Directory.CreateTempSubdirectory("fanout-bench-browser-");
        var browser = await ServerProcess.StartAsync(
            "the browser",
            "nice",
            [
                "-n", "10", ServerBinary.Browser, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync",
                "--disable-background-networking", "--disable-component-update", "--remote-debugging-port=0",
                "--window-size=1280,900",
                $"--user-data-dir={profile.FullName}",
                new Uri(console.Http.BaseAddress!, $"/sign-in#{TestKey.Header.Parameter}").ToString(),
            ]);
        var viewer = new ConsoleViewer(browser, profile);
        try
        {
            await Until.TrueAsync(
                () =>
                {
                    viewer.ThrowIfGone();
                    return Task.FromResult(console.ProcessorTime - used > FirstPage);
                },
                "the browser to show the overview",
                cancellationToken);
            return viewer;
        }
        catch
        {
            await viewer.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="InvalidOperationException">The browser has ended.</exception>
    public void ThrowIfGone()
    {
        if (_browser.HasExited)
        {
            throw new InvalidOperationException($"The browser ended with status {_browser.ExitCode}: {_browser.LogTail}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _browser.StopAsync(interrupt: false);
        _profile.Delete(recursive: true);
    }
}

using System.Globalization;
using System.Text;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Xunit;

namespace FanOut.EndToEnd.Tests.Browsing;

internal static class PageExtensions
{
    private const string SaveVariable = "FANOUT_SCREENSHOTS";

    private static readonly string[] Themes = ["light", "dark"];

    private static readonly AxeRunOptions Rules = new()
    {
        RunOnly = new RunOnlyOptions { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"] },
    };

    /// <summary>Checks the page against WCAG 2.2 AA in both themes.</summary>
    public static Task AssertAccessibleAsync(this IPage page) => InEachThemeAsync(page, async theme =>
    {
        var violations = (await page.RunAxe(Rules)).Violations;
        Assert.True(violations.Length == 0, Describe(page.Url, theme, violations));
    });

    /// <summary>Waits until the overview has shown so many readings of the system; there is one every two seconds.</summary>
    public static Task AwaitReadingsAsync(this IPage page, int count) => page.WaitForFunctionAsync(
        """
        count => {
          const readings = window.readings ??= new Set();
          readings.add(document.querySelector('main .head local-time')?.getAttribute('datetime'));
          return readings.size >= count;
        }
        """,
        count);

    /// <summary>Checks that the page does not scroll sideways.</summary>
    public static async Task AssertFitsAsync(this IPage page)
    {
        var excess = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
        Assert.True(excess <= 0, $"{page.Url} is {excess} pixels too wide.");
    }

    /// <summary>Saves the page in both themes for the documentation, if <c>FANOUT_SCREENSHOTS</c> is 1.</summary>
    /// <param name="page">The page.</param>
    /// <param name="name">The name of the files in docs/console.</param>
    public static async Task SaveScreenshotsAsync(this IPage page, string name)
    {
        if (Environment.GetEnvironmentVariable(SaveVariable) != "1")
        {
            return;
        }

        await page.EvaluateAsync("document.fonts.ready");
        await InEachThemeAsync(page, async theme => await page.ScreenshotAsync(new()
        {
            Path = Path.Combine(TestServers.SourceTree.Root, "docs", "console", $"{name}-{theme}.png"),
            Animations = ScreenshotAnimations.Disabled,
            Caret = ScreenshotCaret.Hide,
        }));
    }

    private static async Task InEachThemeAsync(IPage page, Func<string, Task> act)
    {
        var before = await page.EvaluateAsync<string>("document.documentElement.dataset.theme");
        foreach (var theme in Themes)
        {
            await page.EvaluateAsync("theme => fanout.setTheme(theme)", theme);
            await act(theme);
        }

        await page.EvaluateAsync("theme => fanout.setTheme(theme)", before);
    }

    /// <summary>The rule, then each element that breaks it with what to do.</summary>
    private static string Describe(string url, string theme, AxeResultItem[] violations)
    {
        var text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"{url} ({theme}) is not accessible:");
        foreach (var violation in violations)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{violation.Id} ({violation.Impact}): {violation.Help}. {violation.HelpUrl}");
            foreach (var node in violation.Nodes)
            {
                text.AppendLine(CultureInfo.InvariantCulture, $"  {node.Target}: {node.Html}");
                foreach (var check in (AxeResultCheck[])[.. node.Any, .. node.All, .. node.None])
                {
                    text.AppendLine(CultureInfo.InvariantCulture, $"    {check.Message}");
                }
            }
        }

        return text.ToString();
    }
}

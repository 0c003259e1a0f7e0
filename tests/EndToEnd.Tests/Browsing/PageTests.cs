using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class PageTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    private const int Readings = 6; // Ten seconds.
    private const double MaxShift = 0.1;

    private const string SumShifts =
        """
        window.shift = 0;
        new PerformanceObserver(list => {
          for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
        }).observe({ type: 'layout-shift', buffered: true });
        """;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1280, 800)]
    [InlineData(390, 844)]
    public async Task Each_page_is_accessible_in_both_themes_and_fits_the_screen(int width, int height)
    {
        var endpoint = await shared.System.Webhooks.CreateEndpointAsync(new CreateEndpoint(shared.Webhooks.Url), Cancelled);
        await shared.System.Redis.GetDatabase().StreamAddAsync(Contracts.EventStreams.Orders, "nonsense", "for the pages");
        var order = (await new OrderClient(shared.System.Orders).PlaceBatchAsync([NewOrder.From(), NewOrder.From(), NewOrder.From()]))[0];
        await new EffectLedger(shared.System).AssertOnceInEachGroupAsync([order]);
        await browser.VisitAsync(
            shared.System,
            async page =>
            {
                await CheckAsync("overview", "/", ".chart svg");
                await CheckAsync("stream", "/stream", "tr[data-row] .row-link", open: "aside.panel .json");
                await CheckAsync("groups", $"/groups?name={Group.Webhooks.Name}", "section[aria-labelledby=workers] td");
                await CheckAsync("dead-letters", "/dead-letters", "tr[data-row] .row-link", open: "aside.panel .notice");
                await CheckAsync("orders", "/orders", "tr[data-row] .row-link");
                await CheckAsync("order", $"/orders/{order}", "ol.steps li:has-text('Mail to')");
                await CheckAsync("webhooks", "/webhooks", "tr[data-row] .row-link");
                await CheckAsync("webhook", $"/webhooks/{endpoint.Id}", "section[aria-labelledby=deliveries] td");
                await CheckAsync("kafka", "/kafka", ".gauge");
                await CheckAsync("try", "/try", "button:has-text('Place this order')", open: "ol.steps li:has-text('Mail to')");
                await CheckAsync("actions", "/actions", "main td");

                var pages = await page.Locator("nav.side a").EvaluateAllAsync<string[]>("links => links.map(link => link.getAttribute('href'))");
                Assert.Equal(
                    ["/", "/actions", "/dead-letters", "/groups", "/kafka", "/orders", "/stream", "/try", "/webhooks"],
                    pages.Order(StringComparer.Ordinal));
                await page.Keyboard.PressAsync("?");
                await page.AssertAccessibleAsync();

                async Task CheckAsync(string name, string address, string content, string? open = null)
                {
                    await page.GotoAsync(address);
                    await Expect(page.Locator(content).First).ToBeVisibleAsync();
                    if (open is not null)
                    {
                        await page.Locator(content).First.ClickAsync();
                        await Expect(page.Locator(open).First).ToBeVisibleAsync();
                    }

                    await Expect(page.Locator("main h1")).ToHaveCountAsync(1);
                    await Expect(page.Locator("main .wait")).ToHaveCountAsync(0);
                    await page.AssertFitsAsync();
                    await page.AssertAccessibleAsync();
                    if (width >= 1280)
                    {
                        await page.SaveScreenshotsAsync(name);
                    }
                    else if (name == "overview")
                    {
                        await page.SaveScreenshotsAsync("overview-phone");
                    }
                }
            },
            new View(width, height));
        await shared.System.Webhooks.DeleteEndpointAsync(endpoint.Id, Cancelled);
    }

    [Fact]
    public Task The_overview_does_not_jump() => browser.VisitAsync(shared.System, async page =>
    {
        await page.AddInitScriptAsync(SumShifts);
        await page.ReloadAsync();

        await page.AwaitReadingsAsync(Readings);

        Assert.InRange(await page.EvaluateAsync<double>("window.shift"), 0, MaxShift);
    });
}

using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class KeyboardTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    private const string FocusRing =
        "() => { const style = getComputedStyle(document.activeElement); "
        + "return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2; }";

    [Fact]
    public Task The_keyboard_alone_opens_closes_and_moves() => browser.VisitAsync(shared.System, async page =>
    {
        var orders = await new OrderClient(shared.System.Orders).PlaceBatchAsync([NewOrder.From(), NewOrder.From(), NewOrder.From()]);
        Assert.Equal(3, orders.Count);
        await Expect(page.Locator("main h1")).ToBeFocusedAsync();

        await page.Keyboard.PressAsync("?");
        var shortcuts = page.GetByRole(AriaRole.Dialog, new() { Name = "Keyboard shortcuts" });
        await Expect(shortcuts).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(shortcuts).ToBeHiddenAsync();

        await page.Keyboard.PressAsync("t");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "dark");
        await page.Keyboard.PressAsync("t");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");

        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("s");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Stream", Exact = true })).ToBeFocusedAsync();
        var rows = page.Locator("tr[data-row] .row-link");
        await Expect(rows.Nth(2)).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("j");
        await Expect(rows.First).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("k");
        await Expect(rows.Nth(1)).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        var panel = page.Locator("aside.panel");
        await Expect(panel).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("Escape");
        await Expect(panel).ToBeHiddenAsync();
    });

    [Fact]
    public Task What_has_the_focus_is_seen() => browser.VisitAsync(shared.System, async page =>
    {
        await Expect(page.Locator(".flow")).ToBeVisibleAsync();
        await Expect(page.Locator("main h1")).ToBeFocusedAsync();
        var visited = new HashSet<string>();
        while (visited.Add(await page.EvaluateAsync<string>("document.activeElement.outerHTML")))
        {
            await page.Keyboard.PressAsync("Tab");
            if (await page.EvaluateAsync<bool>("document.activeElement === document.body"))
            {
                break;
            }

            Assert.True(await page.EvaluateAsync<bool>(FocusRing), await page.EvaluateAsync<string>("document.activeElement.outerHTML"));
        }

        Assert.True(visited.Count > 5, $"Only {visited.Count} elements are reached.");
    });
}

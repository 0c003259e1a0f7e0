using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class OrderPageTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public Task An_order_is_watched_until_its_mail_and_found_by_all_that_is_known_of_it() => browser.VisitAsync(shared.System, async page =>
    {
        await page.GotoAsync("/try");
        await page.GetByRole(AriaRole.Button, new() { Name = "Place this order" }).ClickAsync();

        (string, string)[] way =
        [
            ("accepted", "done"), ("Written to the outbox", "done"), ("Published to the stream", "done"),
            .. Group.All.Select(group => (group.Name, "done")), ("Mail to", "sent"),
        ];
        foreach (var (step, state) in way)
        {
            await Expect(page.Locator("ol.steps li").Filter(new() { HasText = step }).Locator(".state")).ToHaveTextAsync(state);
        }

        await page.GetByRole(AriaRole.Link, new() { Name = "Open the order" }).ClickAsync();
        await Expect(page.Locator("section[aria-labelledby=way] .head .state")).ToHaveTextAsync("complete");
        await page.WaitForURLAsync("**/orders/*-*");
        var address = new Uri(page.Url).AbsolutePath;
        var number = (await page.Locator("main h1").InnerTextAsync())["Order ".Length..];
        var known = await page.Locator("dl.pairs a").EvaluateAllAsync<string[]>(
            "links => links.map(link => new URL(link.href).searchParams.get('find'))");
        Assert.Equal(2, known.Length); // The customer's id and address.
        var itself = page.Locator("main h1", new() { HasText = number });
        foreach (var term in (string[])[number, address["/orders/".Length..], .. known])
        {
            await page.GotoAsync("/actions");
            await Expect(page.Locator("main h1")).ToBeFocusedAsync();
            await page.Keyboard.PressAsync("/");
            await Expect(page.Locator("#find")).ToBeFocusedAsync();
            await page.Keyboard.TypeAsync(term);
            await page.Keyboard.PressAsync("Enter");

            // Where it is the only one that matches, it is opened; another test may have placed one of the same customer.
            await Expect(itself.Or(page.Locator($"main a[href='{address}']"))).ToBeVisibleAsync();
        }
    });
}

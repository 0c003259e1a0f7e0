using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class GroupPageTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>, IAsyncLifetime
{
    private const int Orders = 20;

    private readonly EffectLedger _ledger = new(shared.System);
    private readonly OrderClient _client = new(shared.System.Orders);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    /// <summary>The system is shared: a test that fails must not leave it paused.</summary>
    public async ValueTask DisposeAsync() => await shared.System.Operations.ResumeGroupAsync(Group.Analytics.Name);

    [Fact]
    public Task A_paused_group_falls_behind_and_handles_each_order_once_when_it_is_resumed() => browser.VisitAsync(shared.System, async page =>
    {
        var group = Group.Analytics.Name;
        await _ledger.DrainedAsync(Group.Analytics);
        await page.GotoAsync($"/groups?name={group}");
        var card = page.Locator($"[data-group={group}]");
        var state = card.Locator(".state");
        var lag = card.Locator("dl.figures div").Filter(new() { HasText = "Lag" }).Locator("dd");
        await Expect(lag).ToHaveTextAsync("0");

        await card.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToContainTextAsync($"Pause {group}?");
        await page.AssertAccessibleAsync();
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();

        await Expect(state).ToHaveTextAsync("paused");
        await Expect(card).ToContainTextAsync("Paused by development.");
        await Expect(page.Locator("section[aria-labelledby=workers] tbody tr").First.Locator(".state")).ToHaveTextAsync("paused");
        await page.GotoAsync("/");
        await Expect(page.Locator($"[data-part={group}]")).ToHaveAttributeAsync("data-state", "paused");

        // A read that waits for entries ends within a second, and takes what comes meanwhile.
        await page.AwaitReadingsAsync(3);
        var orders = await _client.PlaceBatchAsync([.. Enumerable.Repeat(NewOrder.From(), Orders)]);
        await _ledger.AssertOnceAsync(Group.Notifications, orders);
        await page.Locator($"[data-part={group}]").ClickAsync();
        await Expect(lag).ToHaveTextAsync($"{Orders}");
        Assert.Empty(await _ledger.SubjectsAsync(Group.Analytics, [.. orders.Select(order => order.ToString())]));
        await page.GotoAsync("/");
        await Expect(page.Locator($"[data-part={group}]")).ToHaveAttributeAsync("data-state", "paused");

        await page.Locator($"[data-part={group}]").ClickAsync();
        await card.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Expect(state).ToHaveTextAsync("flowing");
        await _ledger.AssertOnceAsync(Group.Analytics, orders);
        await Expect(lag).ToHaveTextAsync("0");

        await page.GotoAsync("/actions");
        foreach (var action in (string[])["pause group", "resume group"])
        {
            var row = page.GetByRole(AriaRole.Row).Filter(new() { HasText = action }).Filter(new() { HasText = group }).First;
            await Expect(row).ToContainTextAsync("development");
            await Expect(row.Locator(".state")).ToHaveTextAsync("done");
        }
    });
}

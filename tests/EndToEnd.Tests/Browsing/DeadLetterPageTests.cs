using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class DeadLetterPageTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    private const string Poisoned = "poisoned@example.com";
    private const int Orders = 3;

    private readonly EffectLedger _ledger = new(shared.System);
    private readonly OrderClient _client = new(shared.System.Orders);

    [Fact]
    public Task Poisoned_events_are_discarded_restored_and_redriven_to_one_effect_each() => browser.VisitAsync(shared.System, async page =>
    {
        IReadOnlyList<Guid> orders = [];
        await page.GotoAsync($"/dead-letters?error={Uri.EscapeDataString(Poisoned)}");
        var letters = page.Locator("section[aria-labelledby=letters] tbody tr");
        var change = page.Locator("[data-change=done]");
        await RefusedMails.WhileAsync(shared.System, Poisoned, async () =>
        {
            orders = await _client.PlaceBatchAsync([.. Enumerable.Repeat(NewOrder.From(Poisoned), Orders)]);
            await Expect(letters).ToHaveCountAsync(Orders);
            await Expect(letters.First).ToContainTextAsync("4");
            var kind = page.Locator("section[aria-labelledby=kinds] tbody tr").Filter(new() { HasText = "no mail for" });
            await Expect(kind).ToHaveCountAsync(1);
            await Expect(kind).ToContainTextAsync(Group.Notifications.Name);

            await page.GetByLabel("Select every row").CheckAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Discard selected" }).ClickAsync();
            await Expect(change).ToContainTextAsync($"{Orders} discarded");
            await Expect(letters).ToHaveCountAsync(0);
            await change.GetByRole(AriaRole.Button, new() { Name = "Undo" }).ClickAsync();
            await Expect(change).ToContainTextAsync($"Undone: {Orders} are dead letters again.");
            await Expect(letters).ToHaveCountAsync(Orders);

            await letters.First.GetByRole(AriaRole.Link).ClickAsync();
            var panel = page.Locator("aside.panel");
            await Expect(panel).ToContainTextAsync($"no mail for {Poisoned}");
            await Expect(panel.Locator("li").Filter(new() { HasText = "discarded" })).ToContainTextAsync("by development");
        });
        Assert.Empty(await _ledger.SubjectsAsync(Group.Notifications, [.. orders.Select(order => order.ToString())]));

        await page.GetByRole(AriaRole.Button, new() { Name = "Redrive all that match" }).ClickAsync();
        await page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Redrive" }).ClickAsync();

        await Expect(change).ToContainTextAsync($"{Orders} redriven");
        await Expect(page.Locator("section[aria-labelledby=letters]")).ToContainTextAsync("There is nothing to decide.");
        await _ledger.AssertOnceInEachGroupAsync(orders);
    });
}

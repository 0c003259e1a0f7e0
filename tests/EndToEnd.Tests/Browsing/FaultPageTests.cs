using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(FaultySystemGroup))]
public sealed class FaultPageTests(FaultySystem faulty, Browser browser) : IClassFixture<Browser>
{
    private readonly RunningSystem _system = faulty.System;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public Task A_killed_worker_is_away_on_the_overview_until_it_runs_again() => browser.VisitAsync(_system, async page =>
    {
        var group = page.Locator($"[data-part={Group.Analytics.Name}]");
        var effect = page.Locator("[data-part=Reports]");
        await ExpectState("flowing");

        // A restart takes a second or two, less than the console may take to look: again, until it was seen.
        using var seen = new CancellationTokenSource();
        var killing = KillAgainAsync(seen.Token);
        await ExpectState("away");
        await seen.CancelAsync();
        await killing;

        await ExpectState("flowing");
        await Expect(page.Locator($"[data-part={Group.Notifications.Name}]")).ToHaveAttributeAsync("data-state", "flowing");

        async Task KillAgainAsync(CancellationToken enough)
        {
            do
            {
                await _system.KillAsync(Group.Analytics.Service, Cancelled);
            }
            while (!enough.IsCancellationRequested);
        }

        async Task ExpectState(string state)
        {
            await Expect(group).ToHaveAttributeAsync("data-state", state);
            await Expect(effect).ToHaveAttributeAsync("data-state", state);
        }
    });

    [Fact]
    public async Task The_overview_is_drawn_where_its_first_reading_waits_for_a_service()
    {
        await _system.KillAsync("stream-console", Cancelled);
        await _system.WhileItHangsAsync(
            Group.Notifications.Service,
            () => browser.VisitAsync(_system, async page =>
            {
                await Expect(page.Locator("[data-part=Mails]")).ToHaveAttributeAsync("data-state", "away");
                await Expect(page.Locator($"[data-part={Group.Analytics.Name}]")).ToHaveAttributeAsync("data-state", "flowing");
                await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Throughput" })).ToBeVisibleAsync();
            }),
            Cancelled);
    }

    [Fact]
    public Task A_page_is_live_again_after_the_console_is_killed() => browser.VisitAsync(
        _system,
        async page =>
        {
            var notice = page.Locator("#reconnect");
            await Expect(page.Locator(".flow")).ToBeVisibleAsync();
            await Expect(notice).ToBeHiddenAsync();

            var restarted = _system.KillAsync("stream-console", Cancelled);
            await Expect(notice).ToBeVisibleAsync();
            await Expect(notice).ToContainTextAsync("The console does not answer.");

            await restarted;
            await Expect(notice).ToBeHiddenAsync();
            await Expect(page.Locator(".flow")).ToBeVisibleAsync();
            await Expect(page.Locator("details.account")).ToContainTextAsync("development");
            await page.AwaitReadingsAsync(2);
        },
        isExpected: fault => fault.Contains("ERR_", StringComparison.Ordinal) || fault.Contains("onnection", StringComparison.Ordinal)
            || fault.Contains("WebSocket", StringComparison.Ordinal) || fault.Contains("status of 50", StringComparison.Ordinal));
}

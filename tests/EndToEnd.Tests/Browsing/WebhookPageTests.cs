using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class WebhookPageTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public Task An_endpoint_is_tested_disabled_enabled_and_given_a_secret_that_is_shown_once() => browser.VisitAsync(shared.System, async page =>
    {
        var endpoint = await shared.System.Webhooks.CreateEndpointAsync(
            new CreateEndpoint(shared.Webhooks.Url), TestContext.Current.CancellationToken);
        var order = await new OrderClient(shared.System.Orders).PlaceAsync(NewOrder.From());
        await page.GotoAsync("/webhooks");
        await page.Locator($"a[href='/webhooks/{endpoint.Id}']").ClickAsync();

        var delivery = page.Locator("section[aria-labelledby=deliveries] tbody tr")
            .Filter(new() { Has = page.Locator($"a[href='/orders/{order}']") });
        await Expect(delivery.Locator(".state")).ToHaveTextAsync("delivered");
        await Expect(delivery).ToContainTextAsync("200");
        var state = page.Locator("section[aria-labelledby=how] .head .state");
        await Expect(state).ToHaveTextAsync("healthy");

        await Button("Send a test event").ClickAsync();
        await Expect(page.GetByRole(AriaRole.Status)).ToContainTextAsync("The receiver took the test event. It answered 200");

        await Button("Disable").ClickAsync();
        await Confirm("Disable this endpoint?", "Disable");
        await Expect(page.GetByText("Nothing is sent until it is enabled.")).ToBeVisibleAsync();
        await Expect(state).ToHaveTextAsync("disabled");
        await Button("Enable").ClickAsync();
        await Confirm("Enable this endpoint?", "Enable");
        await Expect(state).Not.ToHaveTextAsync("disabled");
        await Expect(Button("Disable")).ToBeEnabledAsync();

        await Button("Rotate the secret").ClickAsync();
        await Confirm("Give this endpoint a new secret?", "Rotate the secret");
        var secret = await page.Locator(".secret code").InnerTextAsync();
        Assert.StartsWith("whsec_", secret, StringComparison.Ordinal);
        await page.ReloadAsync();
        await Expect(state).ToBeVisibleAsync();
        Assert.DoesNotContain(secret, await page.ContentAsync(), StringComparison.Ordinal);
        await shared.System.Webhooks.DeleteEndpointAsync(endpoint.Id, TestContext.Current.CancellationToken);

        ILocator Button(string name) => page.Locator("main .head .actions").GetByRole(AriaRole.Button, new() { Name = name });

        async Task Confirm(string question, string verb)
        {
            var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = question });
            await dialog.GetByRole(AriaRole.Button, new() { Name = verb }).ClickAsync();
            await Expect(dialog).ToBeHiddenAsync();
        }
    });
}

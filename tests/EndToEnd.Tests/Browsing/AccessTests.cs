using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.CommandLine;
using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;
using static Microsoft.Playwright.Assertions;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class AccessTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public async Task A_key_that_may_only_look_sees_the_pages_and_can_change_nothing()
    {
        await shared.System.Redis.GetDatabase().StreamAddAsync(Contracts.EventStreams.Orders, "nonsense", "looked at");
        var endpoint = await shared.System.Webhooks.CreateEndpointAsync(
            new CreateEndpoint(shared.Webhooks.Url), TestContext.Current.CancellationToken);
        (string Page, string[] Actions)[] expected =
        [
            ("/groups", ["Pause"]),
            ("/dead-letters", ["Redrive", "Discard", "Redrive selected", "Discard selected", "Redrive all that match", "Discard all that match"]),
            ($"/webhooks/{endpoint.Id}", ["Send a test event", "Rotate the secret", "Disable", "Recover"]),
            ("/try", ["Place this order"]),
        ];
        await browser.VisitAsync(
            shared.System,
            async page =>
            {
                foreach (var (address, actions) in expected)
                {
                    await page.GotoAsync(address);
                    foreach (var action in actions)
                    {
                        await Expect(page.Locator($"main button:text-is('{action}')").First).ToBeDisabledAsync();
                    }

                    await Expect(page.GetByRole(AriaRole.Alert)).ToHaveCountAsync(0);
                    Assert.Equal(0, await page.Locator("main button[title*='ops:write']:enabled").CountAsync());
                }
            },
            key: await CreateKeyAsync("ops:read"));
        await shared.System.Webhooks.DeleteEndpointAsync(endpoint.Id, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_key_that_may_not_look_is_refused_with_the_scope_that_it_lacks()
    {
        var key = await CreateKeyAsync("orders:read", "ops:write");
        await browser.VisitAsync(shared.System, async page =>
        {
            await page.GotoAsync($"/sign-in#{key}");
            var refusal = page.GetByRole(AriaRole.Alert).First;
            await Expect(refusal).ToContainTextAsync("This key may not see operations.");
            await Expect(refusal).ToContainTextAsync("ops:read");
        });
    }

    private static async Task<string> CreateKeyAsync(params string[] scopes)
    {
        var (exitCode, output) = await FanOutProgram.RunAsync(["keys", "create", "--quiet", "--scope", .. scopes]);
        Assert.True(exitCode == 0, output);
        return output.Trim();
    }
}

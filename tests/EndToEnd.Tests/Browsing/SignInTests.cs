using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class SignInTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    [Fact]
    public Task A_person_signs_out_and_in_again_and_sees_the_page_that_was_asked_for() => browser.VisitAsync(
        shared.System,
        async page =>
        {
            await page.Locator("details.account summary").ClickAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
            await page.WaitForURLAsync("**/sign-in");
            await page.AssertAccessibleAsync();

            await page.GotoAsync("/kafka?of=orders");
            await Assertions.Expect(page).ToHaveTitleAsync("Sign in · FanOut");
            await page.Locator("#key").FillAsync("fanout_mistyped.key");
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await Assertions.Expect(page.GetByRole(AriaRole.Alert).First).ToContainTextAsync("This key is not valid.");
            await page.AssertAccessibleAsync();

            await page.Locator("#key").FillAsync(shared.System.Key);
            await page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
            await page.WaitForURLAsync("**/kafka?of=orders");
            Assert.DoesNotContain(shared.System.Key, await page.ContentAsync(), StringComparison.Ordinal);
        });
}

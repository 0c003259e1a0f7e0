using FanOut.EndToEnd.Tests.Running;
using Microsoft.Playwright;
using Xunit;

namespace FanOut.EndToEnd.Tests.Browsing;

[Collection(nameof(SharedSystemGroup))]
public sealed class SideBarTests(SharedSystem shared, Browser browser) : IClassFixture<Browser>
{
    [Theory]
    [InlineData(1280)]
    [InlineData(390)]
    public Task Each_page_of_the_side_bar_has_a_heading_and_fits_the_screen(int width) => browser.VisitAsync(
        shared.System,
        async page =>
        {
            var links = await page.Locator("nav.side a").EvaluateAllAsync<string[]>("links => links.map(link => link.getAttribute('href'))");
            Assert.NotEmpty(links);
            foreach (var link in links)
            {
                var answer = await page.GotoAsync(link);

                Assert.Equal(200, answer!.Status);
                var heading = page.Locator("main h1");
                await Assertions.Expect(heading).ToHaveCountAsync(1);
                Assert.NotEqual("There is no such page", await heading.TextContentAsync());
                Assert.Equal(0, await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth"));
            }
        },
        new View(Width: width));
}

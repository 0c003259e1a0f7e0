using System.Net;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;

namespace FanOut.Services.Tests.OrderApi;

public sealed class ReadingTests(OrderApiFixture api) : IClassFixture<OrderApiFixture>
{
    [Fact]
    public async Task Pages_have_every_order_once_while_orders_are_placed()
    {
        var placed = new List<string>();
        for (var index = 0; index < 25; index++)
        {
            placed.Add((await api.PostOrderAsync(NewOrder())).Id);
        }

        var listed = new List<string>();
        for (var next = (string?)"/orders?limit=7"; next is not null;)
        {
            var page = (await api.GetAsync(next)).Json;
            var ids = page["orders"]!.AsArray().Select(order => (string)order!["id"]!).ToArray();
            Assert.InRange(ids.Length, 1, 7);
            listed.AddRange(ids);
            next = (string?)page["next"];
            Assert.Equal(next is null, page["after"] is null);
            await api.PostOrderAsync(NewOrder());
        }

        Assert.Equal(listed.Distinct().Count(), listed.Count);
        Assert.Equal(listed.OrderDescending(StringComparer.Ordinal), listed);
        Assert.Empty(placed.Except(listed));
    }

    [Fact]
    public async Task The_root_redirects_to_the_API_reference()
    {
        using var answer = await api.Http.GetAsync("/", Cancellation);

        Assert.Equal("text/html", answer.Content.Headers.ContentType?.MediaType);
        Assert.StartsWith("/scalar", answer.RequestMessage!.RequestUri!.AbsolutePath, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_that_ends_with_the_last_order_has_no_next()
    {
        var first = (await api.PostOrderAsync(NewOrder())).Id;
        await api.PostOrderAsync(NewOrder());
        var all = (await api.GetAsync("/orders?limit=200")).Json["orders"]!.AsArray().Count;

        var page = (await api.GetAsync($"/orders?limit={all}")).Json;

        Assert.Equal(all, page["orders"]!.AsArray().Count);
        Assert.Null(page["next"]);
        Assert.NotEmpty(first);
    }

    [Fact]
    public async Task The_typed_client_places_gets_and_lists()
    {
        var placed = await api.Api.PlaceAsync(NorthwindOrders.Read()[0] with { Number = null }, $"key-{Guid.NewGuid()}", Cancellation);

        Assert.Equivalent(placed, await api.Api.GetAsync(placed.Id, Cancellation), strict: true);
        Assert.Equivalent(placed, (await api.Api.ListAsync(limit: 1, cancellationToken: Cancellation)).Orders[0], strict: true);
    }

    [Fact]
    public async Task An_unknown_order_is_a_404()
    {
        (await api.GetAsync($"/orders/{Guid.NewGuid()}")).IsProblem(HttpStatusCode.NotFound);
        (await api.GetAsync("/orders/10248")).IsProblem(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("limit=0", "limit")]
    [InlineData("limit=201", "limit")]
    [InlineData("limit=ten", "limit")]
    [InlineData("limit=99999999999", "limit")]
    [InlineData("after=10248", "after")]
    [InlineData("after=%00", "after")]
    [InlineData("limit=1&limit=2", "limit")]
    [InlineData("page=2&Colour=red", "page", "Colour")]
    public async Task Invalid_parameters_are_named(string query, params string[] names) =>
        (await api.GetAsync($"/orders?{query}")).IsProblemOf(HttpStatusCode.BadRequest, names);

    [Fact]
    public async Task The_API_describes_itself()
    {
        var document = (await api.GetAsync("/openapi/v1.json")).Json;

        var post = document["paths"]!["/orders"]!["post"]!;
        Assert.NotNull(post["requestBody"]!["content"]!["application/json"]!["schema"]);
        Assert.Contains(post["parameters"]!.AsArray(), parameter => (string?)parameter!["name"] == "Idempotency-Key");
        Assert.All(["201", "400", "413", "415", "422", "503"], status => Assert.NotNull(post["responses"]![status]));
        Assert.NotNull(document["paths"]!["/orders/batch"]!["post"]);
        var page = await api.GetAsync("/scalar/");
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.Status, page.MediaType));
    }
}

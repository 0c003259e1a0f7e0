using System.Net;
using FanOut.Contracts;
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
    [InlineData("number=&customer=&email=", "number", "customer", "email")]
    [InlineData("number=%00&customer=%0D%0A&email=%20%20", "number", "customer", "email")]
    [InlineData("number=00000000000000000000000000000000000000000000000000000000000000065", "number")]
    [InlineData("email=a@example.com&email=b@example.com", "email")]
    public async Task Invalid_parameters_are_named(string query, params string[] names) =>
        (await api.GetAsync($"/orders?{query}")).IsProblemOf(HttpStatusCode.BadRequest, names);

    [Fact]
    public async Task Orders_are_found_by_number_customer_and_email_together_and_in_pages()
    {
        var (ada, bob) = ($"ada-{Guid.NewGuid()}", $"bob-{Guid.NewGuid()}");
        var email = $"{Guid.NewGuid()}@example.com";
        var (first, second, other) = (await PlaceAsync(ada, email), await PlaceAsync(ada, email.ToUpperInvariant()), await PlaceAsync(bob, email));
        var unnumbered = await PlaceAsync(bob, "bob@example.com", isNumbered: false);
        var number = (string)first.Json["number"]!;

        Assert.Equal([second.Id, first.Id], await FindAsync($"customer={ada}"));
        Assert.Equal([other.Id, second.Id, first.Id], await FindAsync($"email={email.ToUpperInvariant()}"));
        Assert.Equal([other.Id, second.Id, first.Id], await FindAsync($"email={email}", limit: 1));
        Assert.Equal([second.Id, first.Id], await FindAsync($"email={email}&customer={ada}", limit: 1));
        Assert.Equal([first.Id], await FindAsync($"number={number}"));
        Assert.Equal([first.Id], await FindAsync($"number={number}&customer={ada}&email={email}"));
        Assert.Empty(await FindAsync($"number={number}&customer={bob}"));
        Assert.Equal([unnumbered.Id], await FindAsync($"number={unnumbered.Id}"));
        Assert.Empty(await FindAsync($"number={first.Id}")); // It has another number.

        async Task<Answer> PlaceAsync(string customer, string address, bool isNumbered = true)
        {
            var order = NewOrder();
            (order["customer"]!["id"], order["customer"]!["email"]) = (customer, address);
            if (!isNumbered)
            {
                order.Remove("number");
            }

            return await api.PostOrderAsync(order);
        }
    }

    [Theory]
    [InlineData("number=' or '1'='1")]
    [InlineData("customer=%25")]
    [InlineData("email=_%25")]
    [InlineData("email=\U0001F600\uFFFF\u0130")]
    [InlineData("number=00000000000000000000000000000000")]
    [InlineData("number={00000000-0000-0000-0000-000000000000}")]
    [InlineData("number=ffffffff-ffff-ffff-ffff-ffffffffffff")]
    public async Task A_filter_is_compared_and_nothing_else(string query)
    {
        await api.PostOrderAsync(NewOrder());

        Assert.Empty(await FindAsync(query));
    }

    [Fact]
    public async Task The_journey_of_an_order_begins_when_it_was_accepted()
    {
        var before = TimeProvider.System.GetUtcNow();
        var order = await api.PostOrderAsync(NewOrder());

        var step = Assert.Single((await api.Api.GetJourneyAsync(Guid.Parse(order.Id), Cancellation)).Steps);

        Assert.Equal(("order", (string)order.Json["number"]!, "done", order.Id), (step.Part, step.Name, step.State, step.Id));
        Assert.InRange(step.At!.Value, before.AddMilliseconds(-1), TimeProvider.System.GetUtcNow());
        (await api.GetAsync($"/orders/{Guid.CreateVersion7()}/journey")).IsProblem(HttpStatusCode.NotFound);
        (await api.GetAsync("/orders/ffffffff-ffff-7fff-bfff-ffffffffffff/journey")).IsProblem(HttpStatusCode.NotFound);
    }

    [Theory]
    [InlineData("019a0000-0000-7000-8000-000000000000", "2025-10-20T05:03:11.360Z")]
    [InlineData("00000000-0000-7000-8000-000000000000", "1970-01-01T00:00:00Z")]
    [InlineData("ffffffff-ffff-7fff-bfff-ffffffffffff", null)]
    [InlineData("019a0000-0000-4000-8000-000000000000", null)]
    [InlineData("00000000-0000-0000-0000-000000000000", null)]
    public void The_id_of_an_order_has_the_time_at_which_it_was_accepted(string id, string? time) =>
        Assert.Equal(time is null ? null : DateTimeOffset.Parse(time, null), OrderId.AcceptedAt(Guid.Parse(id)));

    private async Task<List<string>> FindAsync(string query, int limit = 50)
    {
        var found = new List<string>();
        for (var next = (string?)$"/orders?{query}&limit={limit}"; next is not null;)
        {
            var page = (await api.GetAsync(next)).Json;
            found.AddRange(page["orders"]!.AsArray().Select(order => (string)order!["id"]!));
            next = (string?)page["next"];
        }

        return found;
    }

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

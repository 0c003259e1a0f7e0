using System.Net;
using System.Net.Http.Json;
using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.Access;
using FanOut.WebhookWorker;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Refit;
using Xunit;
using Route = FanOut.Services.Tests.Http.Route;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class OwnerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_route_shows_or_changes_what_belongs_to_another_owner()
    {
        await using var receiver = await Receiver.StartAsync(Receiver.Says(500));
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();
        var delivery = await webhooks.DeliveryIsAsync(endpoint.Id, "failed");
        await GiveAwayAsync(webhooks);
        var before = await webhooks.CountAsync("select sum(hashtext(t::text))::int8 from webhooks.endpoints t");

        var routes = (
            from route in webhooks.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where route.RoutePattern.GetParameter("id") is not null && route.Metadata.GetMetadata<OfEveryAccount>() is null
            from method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
            select new Route("WebhookWorker", method, route.RoutePattern, webhooks.Host.Address, null)).ToArray();
        foreach (var route in routes)
        {
            var isDelivery = route.Pattern.RawText!.Contains("deliveries", StringComparison.Ordinal);
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Path(isDelivery ? $"{delivery.Id}" : $"{endpoint.Id}"));
            request.Content = route.Method == "PUT" ? JsonContent.Create(new PutEndpoint("https://127.0.0.1/"))
                : route.Pattern.RawText.EndsWith("recover", StringComparison.Ordinal) ? JsonContent.Create(new RecoverEndpoint(endpoint.CreatedAt))
                : null;
            var answer = await webhooks.Host.Http.SendAsync(request, Cancellation);
            Assert.Equal((route.ToString(), HttpStatusCode.NotFound), (route.ToString(), answer.StatusCode));
        }

        Assert.Equal(9, routes.Length);
        Assert.Empty((await webhooks.Api.ListEndpointsAsync(cancellationToken: Cancellation)).Endpoints);
        Assert.Empty((await webhooks.Api.ListDeliveriesAsync(cancellationToken: Cancellation)).Deliveries);
        Assert.Empty((await webhooks.Api.ListDeliveriesAsync(endpoint.Id, cancellationToken: Cancellation)).Deliveries);
        Assert.Empty((await webhooks.Api.ListDeliveriesAsync(@event: delivery.EventId, cancellationToken: Cancellation)).Deliveries);
        Assert.Equal(before, await webhooks.CountAsync("select sum(hashtext(t::text))::int8 from webhooks.endpoints t"));
        Assert.Equal(1, await webhooks.CountAsync("select count(*) from webhooks.deliveries where state = 'failed'"));
    }

    [Fact]
    public async Task An_endpoint_belongs_to_the_account_of_the_key_that_created_it()
    {
        await using var webhooks = await Webhooks.StartAsync();
        var key = await NewKey.InAsync(webhooks.Host.Database.DataSource, Scopes.Webhooks);
        using var shop = new HttpClient { BaseAddress = webhooks.Host.Address, DefaultRequestHeaders = { Authorization = new("Bearer", key.Text) } };
        var api = RestService.For<IWebhookApi>(shop);

        var created = await api.CreateEndpointAsync(new("https://127.0.0.1/"), Cancellation);

        Assert.Equal(created.Id, Assert.Single((await api.ListEndpointsAsync(cancellationToken: Cancellation)).Endpoints).Id);
        Assert.Empty((await webhooks.Api.ListEndpointsAsync(cancellationToken: Cancellation)).Endpoints);
    }

    [Fact]
    public async Task The_number_of_endpoints_of_one_owner_is_limited()
    {
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:MaxEndpointsPerOwner", "2"), ("Webhooks:MaxEndpoints", "6"));
        await CreateAsync(2);
        await GiveAwayAsync(webhooks);

        var answers = await CreateAsync(8);

        Assert.Equal(2, answers.Count(answer => answer.StatusCode == HttpStatusCode.Created));
        var refused = answers.First(answer => answer.StatusCode == HttpStatusCode.Conflict);
        Assert.Contains("Webhooks:MaxEndpointsPerOwner", await refused.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        Task<HttpResponseMessage[]> CreateAsync(int count) => Task.WhenAll(Enumerable.Range(0, count).Select(i =>
            webhooks.Host.Http.PostAsJsonAsync("/endpoints", new CreateEndpoint($"https://127.0.0.1/{i}"), Cancellation)));
    }

    [Fact]
    public async Task A_key_of_an_account_opens_no_route_of_operators()
    {
        await using var webhooks = await Webhooks.StartAsync();
        var key = await NewKey.InAsync(webhooks.Host.Database.DataSource, Scopes.Webhooks, Scopes.OrdersRead, Scopes.Analytics);
        using var shop = new HttpClient { BaseAddress = webhooks.Host.Address, DefaultRequestHeaders = { Authorization = new("Bearer", key.Text) } };
        var created = await RestService.For<IWebhookApi>(shop).CreateEndpointAsync(new("https://127.0.0.1/"), Cancellation);
        var routes = (
            from route in webhooks.Host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            where route.Metadata.GetMetadata<OfEveryAccount>() is not null
            from method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods
            select new Route("WebhookWorker", method, route.RoutePattern, webhooks.Host.Address, null)).ToArray();

        foreach (var route in routes)
        {
            using var request = new HttpRequestMessage(new HttpMethod(route.Method), route.Path(
                route.Pattern.RawText!.Contains("deliveries", StringComparison.Ordinal) ? "1" : $"{created.Id}"));
            var answer = await shop.SendAsync(request, Cancellation);
            Assert.Equal((route.ToString(), HttpStatusCode.Forbidden), (route.ToString(), answer.StatusCode));
        }

        Assert.Equal(12, routes.Length);
    }

    private static async Task GiveAwayAsync(Webhooks webhooks)
    {
        await using var command = webhooks.Host.Database.DataSource.CreateCommand("update webhooks.endpoints set owner = 'another'");
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}

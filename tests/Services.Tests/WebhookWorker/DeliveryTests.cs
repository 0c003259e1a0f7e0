using System.Diagnostics;
using System.Net;
using FanOut.Contracts.Webhooks;
using FanOut.TestServers;
using Microsoft.AspNetCore.Http;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class DeliveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_event_arrives_once_signed_and_in_its_trace()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        var order = OrderStream.Order(name: "Suprêmes délices");

        var id = await webhooks.Orders.PublishAsync(order, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

        var delivery = await webhooks.DeliveryIsAsync(endpoint.Id, "delivered");
        var received = Assert.Single(receiver.All);
        Assert.Equal(id, received.Id);
        Assert.True(received.IsSignedBy(endpoint.Secret!));
        received.AssertFresh();
        Assert.Equal("application/json", received.Headers["Content-Type"]);
        Assert.Equal("order.placed", received.Json.GetProperty("type").GetString());
        Assert.Equal(order.PlacedAt, received.Json.GetProperty("timestamp").GetDateTimeOffset());
        Assert.Equal("Suprêmes délices", received.Json.GetProperty("data").GetProperty("customer").GetProperty("name").GetString());
        Assert.Equal(431.30m, received.Json.GetProperty("data").GetProperty("total").GetDecimal());
        Assert.StartsWith("00-0af7651916cd43dd8448eb211c80319c-", received.Headers["traceparent"], StringComparison.Ordinal);
        Assert.Equal((id, order.OrderId.ToString(), 1, 200), (delivery.EventId, delivery.Subject, delivery.Attempts, delivery.LastStatus));
        Assert.Equal("healthy", (await webhooks.Api.GetEndpointAsync(endpoint.Id, Cancellation)).Health.State);
    }

    [Fact]
    public async Task Of_a_callers_trace_a_receiver_gets_only_the_traceparent()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);

        using (var caller = new Activity("caller") { TraceStateString = "vendor=hidden" }
            .SetParentId("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01").AddBaggage("user", "hidden").Start())
        {
            await webhooks.Orders.PublishAsync([OrderStream.Order()]);
        }

        await webhooks.DeliveryIsAsync(endpoint.Id, "delivered");
        using var plain = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null })
        {
            DefaultRequestHeaders = { Authorization = TestKey.Header },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(webhooks.Host.Address, $"/endpoints/{endpoint.Id}/verify"))
        {
            Headers =
            {
                { "traceparent", "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" }, { "tracestate", "vendor=hidden" },
                { "baggage", "user=hidden" }, { "Correlation-Context", "user=hidden" },
            },
        };
        using var answer = await plain.SendAsync(request, Cancellation);

        Assert.Equal(1, await webhooks.CountAsync("select count(*) from webhooks.events where tracestate = 'vendor=hidden'"));
        Assert.Equal(["00-0af", "00-1af"], receiver.All.Select(received => received.Headers["traceparent"][..6]));
        Assert.All(receiver.All, received => Assert.DoesNotContain(
            received.Headers, header => header.Value.Contains("hidden", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task An_event_without_a_subscriber_takes_effect()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        var other = await webhooks.SubscribeAsync(receiver, "order.cancelled");
        var order = OrderStream.Order();

        var id = await webhooks.Orders.PublishAsync(order);

        await webhooks.CountBecomesAsync($"select count(*) from webhooks.effects where event_id = '{id}' and subject = '{order.OrderId}'", 1);
        Assert.Equal(0, await webhooks.CountAsync("select count(*) from webhooks.deliveries"));
        Assert.Empty(receiver.All);
        Assert.Equal("unknown", other.Health.State);
    }

    [Fact]
    public async Task A_failed_delivery_is_retried_with_the_same_id()
    {
        var answers = 0;
        await using var receiver = await Receiver.StartAsync(
            (received, context) => Receiver.Says(Interlocked.Increment(ref answers) <= 2 ? 500 : 204)(received, context));
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);

        var id = await webhooks.Orders.PublishAsync();

        var delivery = await webhooks.DeliveryIsAsync(endpoint.Id, "delivered");
        Assert.Equal(3, delivery.Attempts);
        Assert.Equal([id, id, id], receiver.All.Select(received => received.Id));
        Assert.All(receiver.All, received => Assert.True(received.IsSignedBy(endpoint.Secret!)));
    }

    [Fact]
    public async Task Permanent_failure_ends_as_failed_and_can_be_retried()
    {
        var status = 500;
        await using var receiver = await Receiver.StartAsync(async (_, context) =>
        {
            context.Response.StatusCode = Volatile.Read(ref status);
            await context.Response.WriteAsync("out of \0 paper", context.RequestAborted);
        });
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();

        var failed = await webhooks.DeliveryIsAsync(endpoint.Id, "failed");
        var health = (await webhooks.Api.GetEndpointAsync(endpoint.Id, Cancellation)).Health;
        Volatile.Write(ref status, 200);
        var retried = await webhooks.Api.RetryDeliveryAsync(failed.Id, Cancellation);
        var delivered = await webhooks.DeliveryIsAsync(endpoint.Id, "delivered");

        Assert.Equal((4, 500, "HTTP 500: out of   paper"), (failed.Attempts, failed.LastStatus, failed.LastError));
        Assert.Equal(("failing", 4), (health.State, health.ConsecutiveFailures));
        Assert.Contains(retried.State, new[] { "pending", "delivered" });
        Assert.Equal((failed.Id, 1), (delivered.Id, delivered.Attempts));
        Assert.Equal(5, receiver.All.Count);
        Assert.Single(receiver.All.Select(received => received.Id).Distinct());
    }

    [Fact]
    public async Task Gone_disables_the_endpoint()
    {
        await using var receiver = await Receiver.StartAsync(Receiver.Says(410));
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();

        await webhooks.DeliveryIsAsync(endpoint.Id, "failed", delivery => delivery.LastStatus == 410);
        var second = await webhooks.Orders.PublishAsync();
        await webhooks.CountBecomesAsync($"select count(*) from webhooks.effects where event_id = '{second}'", 1);

        var after = await webhooks.Api.GetEndpointAsync(endpoint.Id, Cancellation);
        Assert.False(after.Enabled);
        Assert.StartsWith("gone", after.DisabledBecause, StringComparison.Ordinal);
        Assert.Single(receiver.All);
        var refused = await Assert.ThrowsAnyAsync<ApiException>(async () =>
            await webhooks.Api.RetryDeliveryAsync((await webhooks.DeliveryIsAsync(endpoint.Id, "failed")).Id, Cancellation));
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
    }

    [Fact]
    public async Task A_redirect_is_a_failure_and_is_not_followed()
    {
        await using var other = await Receiver.StartAsync();
        await using var receiver = await Receiver.StartAsync((_, context) =>
        {
            context.Response.Redirect(other.Url, permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        });
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);

        await webhooks.Orders.PublishAsync();

        Assert.Equal(307, (await webhooks.DeliveryIsAsync(endpoint.Id, "failed")).LastStatus);
        Assert.Empty(other.All);
    }

    [Fact]
    public async Task What_a_disabled_endpoint_missed_is_recovered_by_one_request()
    {
        var status = 500;
        await using var receiver = await Receiver.StartAsync((received, context) => Receiver.Says(Volatile.Read(ref status))(received, context));
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:RetrySchedule:0", "00:00:00"));
        var endpoint = await webhooks.SubscribeAsync(receiver);
        var since = TimeProvider.System.GetUtcNow().AddMinutes(-1);
        var failed = await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(endpoint.Id, "failed");
        await webhooks.Api.PutEndpointAsync(endpoint.Id, new(receiver.Url, Enabled: false), Cancellation);
        Volatile.Write(ref status, 200);
        var attempts = receiver.All.Count;
        Guid[] missed = [await webhooks.Orders.PublishAsync(), await webhooks.Orders.PublishAsync()];
        await webhooks.CountBecomesAsync("select count(*) from webhooks.deliveries where state = 'cancelled'", 2);

        var early = await Assert.ThrowsAnyAsync<ApiException>(() => webhooks.Api.RecoverEndpointAsync(endpoint.Id, new(since), Cancellation));
        await webhooks.Api.PutEndpointAsync(endpoint.Id, new(receiver.Url), Cancellation);
        var none = await webhooks.Api.RecoverEndpointAsync(endpoint.Id, new(TimeProvider.System.GetUtcNow().AddHours(1)), Cancellation);
        var first = await webhooks.Api.RecoverEndpointAsync(endpoint.Id, new(since), Cancellation);
        var second = await webhooks.Api.RecoverEndpointAsync(endpoint.Id, new(since), Cancellation);

        await webhooks.CountBecomesAsync("select count(*) from webhooks.deliveries where state = 'delivered' and attempts = 1", 3);
        Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        Assert.Equal((0, 3, 0), (none.Recovered, first.Recovered, second.Recovered));
        Assert.Equal(missed.Append(failed).Order(), receiver.All.Skip(attempts).Select(received => received.Id).Order());
        var unknown = await Assert.ThrowsAnyAsync<ApiException>(() => webhooks.Api.RecoverEndpointAsync(Guid.NewGuid(), new(since), Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        var invalid = await webhooks.Host.Http.PostAsync(
            $"/endpoints/{endpoint.Id}/recover", new StringContent("""{"since":"yesterday"}""", null, "application/json"), Cancellation);
        Assert.Equal(["since"], await Problem.FieldsAsync(invalid));
    }

    [Fact]
    public async Task Two_dispatchers_send_each_delivery_once()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        await using var another = await webhooks.AnotherAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);

        await Task.WhenAll(Enumerable.Range(0, 300).Select(_ => webhooks.Orders.PublishAsync()));

        await webhooks.CountBecomesAsync(
            $"select count(*) from webhooks.deliveries where endpoint_id = '{endpoint.Id}' and state = 'delivered'", 300);
        Assert.Equal(300, receiver.All.Count);
        Assert.Equal(300, receiver.All.Select(received => received.Id).Distinct().Count());
        Assert.Equal(300, await webhooks.CountAsync("select count(*) from webhooks.effects"));
    }

    [Fact]
    public async Task A_stopping_worker_finishes_its_attempts()
    {
        var held = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync((_, context) => held.Task.WaitAsync(context.RequestAborted));
        await using var orders = await OrderStream.CreateAsync();
        var first = await Webhooks.StartOnAsync(orders, ("Webhooks:Timeout", "00:00:15"), ("Webhooks:Lease", "00:01:00"));
        var endpoint = await first.SubscribeAsync(receiver);
        await orders.PublishAsync();
        await receiver.HasAsync(1);

        var stopping = first.DisposeAsync().AsTask();
        Assert.False(stopping.IsCompleted);
        held.SetResult();
        await stopping;
        await orders.PublishAsync();
        await using var second = await Webhooks.StartOnAsync(orders);

        await second.CountBecomesAsync(
            $"select count(*) from webhooks.deliveries where endpoint_id = '{endpoint.Id}' and state = 'delivered' and attempts = 1", 2);
        Assert.Equal(2, receiver.All.Count);
    }

    [Fact]
    public async Task Deleting_an_endpoint_cancels_its_deliveries()
    {
        await using var receiver = await Receiver.StartAsync(Receiver.Says(500));
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:RetrySchedule:0", "01:00:00"));
        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(endpoint.Id, "pending", delivery => delivery.Attempts == 1);

        await webhooks.Api.DeleteEndpointAsync(endpoint.Id, Cancellation);

        await webhooks.DeliveryIsAsync(endpoint.Id, "cancelled");
        Assert.Single(receiver.All);
    }

    [Fact]
    public async Task What_waits_and_what_was_deleted_is_kept_no_longer_than_the_retention()
    {
        await using var receiver = await Receiver.StartAsync(Receiver.Says(500));
        await using var webhooks = await Webhooks.StartAsync(
            ("Webhooks:RequireVerification", "true"), ("Webhooks:Retention", "01:00:00"));
        var unverified = await webhooks.SubscribeAsync(receiver);
        var deleted = await webhooks.SubscribeAsync(receiver);
        await webhooks.Api.DeleteEndpointAsync(deleted.Id, Cancellation);
        await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(unverified.Id, "pending");

        await ExecuteAsync("update webhooks.endpoints set deleted_at = now() - interval '2 h' where deleted_at is not null");
        await ExecuteAsync("update webhooks.events set effected_at = now() - interval '2 h'");
        await ExecuteAsync("update webhooks.deliveries set created_at = now() - interval '2 h'");
        var cancelled = await webhooks.DeliveryIsAsync(unverified.Id, "cancelled");
        await ExecuteAsync("update webhooks.deliveries set finished_at = now() - interval '2 h'");
        await webhooks.CountBecomesAsync("select count(*) from webhooks.events", 0);
        await webhooks.CountBecomesAsync("select count(*) from webhooks.endpoints", 1);

        Assert.Equal("It waited for as long as it may be kept.", cancelled.LastError);

        async Task ExecuteAsync(string sql)
        {
            await using var command = webhooks.Host.Database.DataSource.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(Cancellation);
        }
    }

    [Fact]
    public async Task Finished_deliveries_and_events_are_deleted_after_their_retention()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();
        await webhooks.Orders.PublishAsync();
        await webhooks.CountBecomesAsync("select count(*) from webhooks.deliveries where state = 'delivered'", 2);

        await using (var command = webhooks.Host.Database.DataSource.CreateCommand("""
            with old as (
                update webhooks.deliveries set finished_at = now() - interval '31 days'
                where id = (select min(id) from webhooks.deliveries)
                returning event)
            update webhooks.events set effected_at = now() - interval '31 days' from old where events.id = old.event
            """))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        await webhooks.CountBecomesAsync("select count(*) from webhooks.events", 1);
        Assert.Equal(1, await webhooks.CountAsync($"select count(*) from webhooks.deliveries where endpoint_id = '{endpoint.Id}'"));
    }

    [Fact]
    public async Task Deliveries_are_listed_in_pages_and_invalid_filters_named()
    {
        await using var receiver = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add(await webhooks.Orders.PublishAsync());
        }

        await webhooks.CountBecomesAsync("select count(*) from webhooks.deliveries where state = 'delivered'", 5);
        var pages = new List<DeliveryPage>();
        do
        {
            var after = pages.LastOrDefault()?.After;
            pages.Add(await webhooks.Api.ListDeliveriesAsync(endpoint.Id, "delivered", limit: 2, after: after, cancellationToken: Cancellation));
        }
        while (pages[^1].After is not null);

        Assert.Equal([2, 2, 1], pages.Select(page => page.Deliveries.Count));
        Assert.Equal(ids.OrderDescending(), pages.SelectMany(page => page.Deliveries).Select(delivery => delivery.EventId).OrderDescending());
        Assert.Single((await webhooks.Api.ListDeliveriesAsync(@event: ids[3], cancellationToken: Cancellation)).Deliveries);
        var next = await webhooks.Host.Http.GetAsync(pages[0].Next, Cancellation);
        Assert.Equal(HttpStatusCode.OK, next.StatusCode);
        (string, string[])[] invalid =
        [
            ("colour=red", ["colour"]), ("endpoint=x", ["endpoint"]), ("state=gone&limit=0&after=-1", ["after", "limit", "state"]),
            ("state=", ["state"]), ("after=%D9%A3", ["after"]),
        ];
        foreach (var (query, names) in invalid)
        {
            var wrong = await webhooks.Host.Http.GetAsync($"/deliveries?{query}", Cancellation);
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            Assert.Equal(names, await Problem.FieldsAsync(wrong));
        }

        var unknown = await webhooks.Host.Http.GetAsync("/deliveries?colour=red", Cancellation);
        var text = await unknown.Content.ReadAsStringAsync(Cancellation);
        Assert.Contains("is unknown; known are: after, endpoint, event, limit, state", text, StringComparison.Ordinal);
    }
}

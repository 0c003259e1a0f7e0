using System.Net;
using FanOut.Contracts.Webhooks;
using Microsoft.AspNetCore.Http;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

public sealed class OperationTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Operators_see_and_change_what_belongs_to_every_account()
    {
        var status = 500;
        await using var receiver = await Receiver.StartAsync((received, context) => Receiver.Says(Volatile.Read(ref status))(received, context));
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        var since = endpoint.CreatedAt.AddMinutes(-1);
        var id = await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(endpoint.Id, "failed");
        await webhooks.ExecuteAsync("update webhooks.endpoints set owner = 'another'");
        Volatile.Write(ref status, 200);

        var report = Assert.Single((await webhooks.Operations.ListEndpointsAsync(cancellationToken: Cancellation)).Endpoints);
        var delivery = Assert.Single((await webhooks.Operations.ListDeliveriesAsync(@event: id, cancellationToken: Cancellation)).Deliveries);
        await webhooks.Operations.RetryDeliveryAsync(delivery.Id, Cancellation);
        await webhooks.CountBecomesAsync("select count(*) from webhooks.deliveries where state = 'delivered'", 1);
        var rotated = await webhooks.Operations.RotateSecretAsync(endpoint.Id, new(), Cancellation);
        var recovered = await webhooks.Operations.RecoverEndpointAsync(endpoint.Id, new(since), Cancellation);
        var after = await webhooks.Operations.GetEndpointAsync(endpoint.Id, Cancellation);

        Assert.Equal((endpoint.Id, "another"), (report.Endpoint.Id, report.Owner));
        Assert.Equal((0, 0, 1, 0), (report.Pending, report.Delivered, report.Failed, report.SuccessRate));
        Assert.Equal((500, 0), (delivery.LastStatus, recovered.Recovered));
        Assert.InRange(delivery.LastSeconds!.Value, 0, 1);
        Assert.Equal((1, 0, 1), (after.Delivered, after.Failed, after.SuccessRate));
        Assert.InRange(after.P50Seconds!.Value, 0, after.P95Seconds!.Value);
        Assert.StartsWith("whsec_", rotated.Secret, StringComparison.Ordinal);
        Assert.Empty((await webhooks.Api.ListEndpointsAsync(cancellationToken: Cancellation)).Endpoints);
        var unknown = await Assert.ThrowsAnyAsync<ApiException>(() => webhooks.Operations.GetEndpointAsync(Guid.NewGuid(), Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task A_disabled_endpoint_says_by_whom_and_an_enabled_one_is_forgiven()
    {
        await using var receiver = await Receiver.StartAsync(Receiver.Says(500));
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();
        await webhooks.DeliveryIsAsync(endpoint.Id, "failed");

        var disabled = await webhooks.Operations.DisableEndpointAsync(endpoint.Id, Cancellation);
        var again = await webhooks.Operations.DisableEndpointAsync(endpoint.Id, Cancellation);
        var seen = await webhooks.Api.GetEndpointAsync(endpoint.Id, Cancellation);
        var enabled = await webhooks.Operations.EnableEndpointAsync(endpoint.Id, Cancellation);

        Assert.Equal((false, "Disabled by tests.", "failing"), (disabled.Enabled, disabled.DisabledBecause, disabled.Health.State));
        Assert.Equal((disabled.DisabledBecause, disabled.UpdatedAt), (again.DisabledBecause, again.UpdatedAt));
        Assert.Equal("Disabled by tests.", seen.DisabledBecause);
        Assert.Equal((true, null, "unknown"), (enabled.Enabled, enabled.DisabledBecause, enabled.Health.State));
        var unknown = await Assert.ThrowsAnyAsync<ApiException>(() => webhooks.Operations.EnableEndpointAsync(Guid.NewGuid(), Cancellation));
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
    }

    [Fact]
    public async Task A_test_event_is_signed_and_leaves_nothing_behind()
    {
        var status = 200;
        await using var receiver = await Receiver.StartAsync(async (_, context) =>
        {
            context.Response.StatusCode = Volatile.Read(ref status);
            await context.Response.WriteAsync("out of paper", context.RequestAborted);
        });
        await using var webhooks = await Webhooks.StartAsync();
        var endpoint = await webhooks.SubscribeAsync(receiver);

        var accepted = await webhooks.Api.TestEndpointAsync(endpoint.Id, Cancellation);
        Volatile.Write(ref status, 500);
        var refused = await webhooks.Operations.TestEndpointAsync(endpoint.Id, Cancellation);

        Assert.True(accepted is { Succeeded: true, Status: 200, Error: null, Seconds: > 0 and < 1 });
        Assert.True(refused is { Succeeded: false, Status: 500, Error: "HTTP 500: out of paper" });
        Assert.All(receiver.All, received =>
        {
            Assert.True(received.IsSignedBy(endpoint.Secret!));
            Assert.Equal("endpoint.test", received.Json.GetProperty("type").GetString());
            Assert.Equal($"{endpoint.Id}", received.Json.GetProperty("data").GetProperty("endpoint").GetString());
        });
        Assert.Equal(2, receiver.All.Select(received => received.Id).Distinct().Count());
        foreach (var table in new[] { "events", "deliveries", "endpoint_health" })
        {
            Assert.Equal(0, await webhooks.CountAsync($"select count(*) from webhooks.{table}"));
        }
    }

    [Fact]
    public async Task A_test_event_is_not_sent_to_a_receiver_that_has_not_confirmed_or_does_not_answer_or_too_often()
    {
        await using var receiver = await Receiver.StartAsync(Receiver.Says(404));
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:RequireVerification", "true"));
        var endpoint = await webhooks.SubscribeAsync(receiver);
        var silent = await webhooks.Api.CreateEndpointAsync(new("https://127.0.0.1:1/"), Cancellation);
        await webhooks.ExecuteAsync($"update webhooks.endpoints set awaits_verification = false where id = '{silent.Id}'");

        var early = await Assert.ThrowsAnyAsync<ApiException>(() => webhooks.Api.TestEndpointAsync(endpoint.Id, Cancellation));
        var away = await webhooks.Api.TestEndpointAsync(silent.Id, Cancellation);
        var often = HttpStatusCode.OK;
        for (var attempt = 0; attempt < 100 && often == HttpStatusCode.OK; attempt++)
        {
            using var answer = await webhooks.Host.Http.PostAsync($"/operations/endpoints/{silent.Id}/test", null, Cancellation);
            often = answer.StatusCode;
        }

        Assert.Equal(HttpStatusCode.Conflict, early.StatusCode);
        Assert.Single(receiver.All);
        Assert.True(away is { Succeeded: false, Status: null, Error.Length: > 0 });
        Assert.Equal(HttpStatusCode.TooManyRequests, often);
    }

    [Fact]
    public async Task The_summary_counts_what_waits_and_what_ended_lately()
    {
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:PollInterval", "00:01:00"));
        var (open, closed) = (Guid.CreateVersion7(), Guid.CreateVersion7());
        var empty = await webhooks.Operations.GetSummaryAsync(Cancellation);

        // The dispatcher leaves what rests.
        await webhooks.ExecuteAsync(
            $"""
            insert into webhooks.endpoints (id, url, description, event_types, enabled)
            select endpoint::uuid, '', '', array[]::text[], endpoint = '{open}' from unnest(array['{open}', '{closed}']) as endpoint;
            insert into webhooks.endpoint_health (endpoint_id, consecutive_failures, resting_until) values ('{open}', 1, now() + interval '1 hour');
            insert into webhooks.events (event_id, type, subject) values (gen_random_uuid(), 'order.placed', 's');
            insert into webhooks.deliveries (event, endpoint_id, state, due_at, finished_at)
            select v.id, d.endpoint::uuid, d.state, now() - d.due * interval '1 second', now() - d.finished * interval '1 second'
            from webhooks.events v, (values
                ('{open}', 'pending', 30, null), ('{open}', 'pending', -60, null), ('{closed}', 'pending', 600, null), ('{open}', 'delivered', 0, 10),
                ('{open}', 'delivered', 0, 20), ('{open}', 'failed', 0, 30), ('{closed}', 'failed', 0, 7200), ('{closed}', 'failed', 0, 90000),
                ('{open}', 'cancelled', 0, 1)) as d (endpoint, state, due, finished)
            """);
        var summary = await webhooks.Operations.GetSummaryAsync(Cancellation);

        Assert.Equal((0, 0, 0, 0, 0), (empty.Pending, empty.Failed, empty.OverdueSeconds, empty.Rate, empty.FailedRate));
        Assert.Equal((2, 2), (summary.Pending, summary.Failed));
        Assert.InRange(summary.OverdueSeconds, 30, 90);
        Assert.Equal((3 / 60d, 1 / 60d), (summary.Rate, summary.FailedRate));
        Assert.InRange(summary.At, TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow().AddMinutes(1));
    }

    [Fact]
    public async Task The_journey_of_an_order_has_a_step_for_its_effect_and_for_each_delivery()
    {
        await using var good = await Receiver.StartAsync();
        await using var bad = await Receiver.StartAsync(Receiver.Says(500));
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:RetrySchedule:1", "01:00:00"));
        var (first, second) = (await webhooks.SubscribeAsync(good), await webhooks.SubscribeAsync(bad));
        var third = await webhooks.Api.CreateEndpointAsync(new(good.Url, Enabled: false), Cancellation);
        var order = OrderStream.Order();
        await webhooks.Orders.PublishAsync(order, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        await webhooks.DeliveryIsAsync(first.Id, "delivered");
        var waiting = await webhooks.DeliveryIsAsync(second.Id, "pending", delivery => delivery is { Attempts: 2, InFlight: false });

        var journey = (await webhooks.Operations.GetJourneyAsync(order.OrderId, Cancellation)).Steps;

        Assert.True(journey[0] is { Part: "group", Name: "webhook-delivery", State: "done", At: not null });
        var steps = journey.Skip(1).ToDictionary(step => step.State);
        Assert.Equal(["discarded", "done", "waiting"], steps.Keys.Order(StringComparer.Ordinal));
        Assert.All(steps.Values, step => Assert.Equal(("webhook", "0af7651916cd43dd8448eb211c80319c"), (step.Part, step.Trace)));
        var (done, waits, discarded) = (steps["done"], steps["waiting"], steps["discarded"]);
        Assert.True(done is { Detail: "HTTP 200", Attempts: 1, NextAttemptAt: null, At: not null });
        Assert.True(waits is { Detail: "HTTP 500.", Attempts: 2, At: null });
        Assert.Equal((waiting.NextAttemptAt, $"{waiting.Id}"), (waits.NextAttemptAt, waits.Id));
        Assert.Equal("The endpoint was disabled.", discarded.Detail);
        Assert.Equal((first.Url, second.Url, third.Url), (done.Name, waits.Name, discarded.Name));
        Assert.Empty((await webhooks.Operations.GetJourneyAsync(Guid.CreateVersion7(), Cancellation)).Steps);
    }

    [Fact]
    public async Task Pages_have_the_endpoints_of_all_accounts_once()
    {
        await using var webhooks = await Webhooks.StartAsync();
        for (var endpoint = 0; endpoint < 5; endpoint++)
        {
            await webhooks.Api.CreateEndpointAsync(new($"https://127.0.0.1/{endpoint}"), Cancellation);
        }

        await webhooks.ExecuteAsync("update webhooks.endpoints set owner = url");
        var seen = new List<EndpointReport>();
        string? after = null;
        do
        {
            var page = await webhooks.Operations.ListEndpointsAsync(2, after, Cancellation);
            Assert.Equal(page.After is null, page.Next is null);
            (after, seen) = (page.After, [.. seen, .. page.Endpoints]);
        }
        while (after is not null);

        Assert.Equal(["/4", "/3", "/2", "/1", "/0"], seen.Select(report => new Uri(report.Owner).AbsolutePath));
    }
}

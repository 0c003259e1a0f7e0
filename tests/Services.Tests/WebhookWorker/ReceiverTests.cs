using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace FanOut.Services.Tests.WebhookWorker;

/// <summary>Receivers that are slow, ask for a rest, or answer oddly.</summary>
public sealed class ReceiverTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Retry_After_pauses_the_whole_endpoint_up_to_the_limit()
    {
        var answers = 0;
        var clock = System.Diagnostics.Stopwatch.StartNew();
        var times = new ConcurrentQueue<TimeSpan>();
        await using var receiver = await Receiver.StartAsync((_, context) =>
        {
            times.Enqueue(clock.Elapsed);
            context.Response.StatusCode = Interlocked.Increment(ref answers) == 1 ? 429 : 200;
            context.Response.Headers.RetryAfter = "86400";
            return Task.CompletedTask;
        });
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:MaxRetryAfter", "00:00:01.5"), ("Webhooks:ConcurrencyPerEndpoint", "1"));
        var endpoint = await webhooks.SubscribeAsync(receiver);
        await webhooks.Orders.PublishAsync();
        await webhooks.CountBecomesAsync("select count(*) from webhooks.deliveries where attempts = 1", 1);
        await webhooks.Orders.PublishAsync();

        await webhooks.CountBecomesAsync("select count(*) from webhooks.deliveries where state = 'delivered'", 2);

        Assert.All(times.Skip(1), time => Assert.InRange(time - times.First(), TimeSpan.FromSeconds(1.4), TimeSpan.FromSeconds(15)));
        Assert.Equal("healthy", (await webhooks.Api.GetEndpointAsync(endpoint.Id, Cancellation)).Health.State);
    }

    [Fact]
    public async Task A_slow_receiver_times_out_and_delays_no_other()
    {
        var never = new TaskCompletionSource();
        await using var slow = await Receiver.StartAsync((_, context) => never.Task.WaitAsync(context.RequestAborted));
        await using var quick = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync(
            [.. Webhooks.Impatient, ("Webhooks:Concurrency", "6"), ("Webhooks:ConcurrencyPerEndpoint", "4")]);
        var stuck = await webhooks.SubscribeAsync(slow);
        var healthy = await webhooks.SubscribeAsync(quick);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => webhooks.Orders.PublishAsync()));

        await quick.HasAsync(40);
        Assert.InRange(slow.MostUnderWay, 1, 4);
        Assert.True(slow.All.Count < 40, "The slow receiver was served as quickly as the other.");
        await webhooks.DeliveryIsAsync(stuck.Id, "pending", delivery => delivery.LastError == "No answer within 1 s.");
        await webhooks.CountBecomesAsync($"select count(*) from webhooks.deliveries where endpoint_id = '{healthy.Id}' and state = 'delivered'", 40);
        never.SetCanceled(Cancellation);
    }

    [Theory]
    [InlineData(16, 0)]
    [InlineData(16, 40)]
    [InlineData(200, 0)]
    public async Task Receivers_that_hold_their_answers_delay_no_other(int endpoints, int quickAnswers)
    {
        var held = new TaskCompletionSource();
        var answers = new ConcurrentDictionary<string, int>();
        await using var slow = await Receiver.StartAsync((received, context) =>
            answers.AddOrUpdate(received.Path, 1, (_, count) => count + 1) <= quickAnswers
                ? Task.CompletedTask
                : held.Task.WaitAsync(context.RequestAborted));
        await using var quick = await Receiver.StartAsync();
        await using var webhooks = await Webhooks.StartAsync(
            ("Webhooks:Timeout", "00:01:00"), ("Webhooks:Lease", "00:02:00"), ("Webhooks:Concurrency", "64"));
        await webhooks.SubscribeAsync(quick);
        for (var i = 0; i < endpoints; i++)
        {
            await webhooks.Api.CreateEndpointAsync(new($"{slow.Url}/{i}"), Cancellation);
        }

        try
        {
            await webhooks.Orders.PublishAsync(Orders(quickAnswers + 10));
            await quick.HasAsync(quickAnswers + 10);
            await Eventually.BecomesTrueAsync(
                () => Task.FromResult(answers.Count == endpoints && answers.Values.All(count => count > quickAnswers)));

            await webhooks.Orders.PublishAsync(Orders(40));
            await quick.HasAsync(quickAnswers + 50);

            Assert.InRange(answers.Values.Max(), quickAnswers + 1, quickAnswers + (quickAnswers == 0 ? 1 : 8));
        }
        finally
        {
            held.SetResult();
        }

        static IEnumerable<FanOut.Contracts.OrderPlaced> Orders(int count) => Enumerable.Range(0, count).Select(_ => OrderStream.Order());
    }

    [Theory]
    [InlineData("3600", 3_600)]
    [InlineData("99999999999", 3_600)]
    [InlineData("1000000000000000000000000000000", 3_600)]
    [InlineData("90.5", 90)]
    [InlineData("Fri, 31 Dec 9999 23:59:59 GMT", 3_600)]
    [InlineData("Thu, 01 Jan 1970 00:00:00 GMT", 0)]
    [InlineData("-5", 0)]
    [InlineData("soon", 0)]
    public async Task Any_Retry_After_is_respected_up_to_the_limit(string header, int seconds)
    {
        await using var receiver = await Receiver.StartAsync((_, context) =>
        {
            context.Response.StatusCode = 400;
            context.Response.Headers.RetryAfter = header;
            return Task.CompletedTask;
        });
        await using var webhooks = await Webhooks.StartAsync(("Webhooks:RetrySchedule:0", "00:01:00"));
        var endpoint = await webhooks.SubscribeAsync(receiver);

        await webhooks.Orders.PublishAsync();

        var delivery = await webhooks.DeliveryIsAsync(endpoint.Id, "pending", delivery => delivery.Attempts == 1);
        var delay = delivery.NextAttemptAt - delivery.LastAttemptAt;
        Assert.InRange(delay!.Value.TotalSeconds, Math.Max(seconds, 60), Math.Max(seconds + 1, 73));
    }

    [Fact]
    public async Task An_error_whose_body_never_ends_keeps_its_status()
    {
        await using var receiver = await Receiver.StartAsync(async (_, context) =>
        {
            context.Response.StatusCode = 503;
            await context.Response.WriteAsync("over", context.RequestAborted);
            await context.Response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        });
        await using var webhooks = await Webhooks.StartAsync(Webhooks.Impatient);
        var endpoint = await webhooks.SubscribeAsync(receiver);

        await webhooks.Orders.PublishAsync();

        var failed = await webhooks.DeliveryIsAsync(endpoint.Id, "failed");
        Assert.Equal((503, "HTTP 503: over"), (failed.LastStatus, failed.LastError));
    }
}

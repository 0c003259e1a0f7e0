using FanOut.Contracts;
using Xunit;

namespace FanOut.Services.Tests.NotificationWorker;

public sealed class OperationTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_journey_of_an_order_has_a_step_for_its_effect_and_for_its_mail()
    {
        await using var sink = SmtpSink.Start();
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders, Notifications.To(sink));
        var order = OrderStream.Order(email: "suprd@example.com");
        await orders.PublishAsync(order, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        var sent = await notifications.BecomesAsync("sent");

        var done = await ReadAsync("true");
        var waiting = await ReadAsync("state = 'pending', finished_at = null, due_at = now() + interval '1 hour', last_error = '451 later'");
        var pending = await ReadAsync("claim = gen_random_uuid()");
        var dead = await ReadAsync("state = 'failed', claim = null, finished_at = now()");

        Assert.Equal(
            new JourneyStep(
                "mail", order.Customer.Email, "done", sent.FinishedAt, null, 1, null, "0af7651916cd43dd8448eb211c80319c", $"{sent.Id}"),
            done);
        Assert.True(waiting is { State: "waiting", At: null, NextAttemptAt: not null, Detail: "451 later" });
        Assert.True(pending is { State: "pending", At: null, NextAttemptAt: null });
        Assert.True(dead is { State: "dead", At: not null, NextAttemptAt: null });
        Assert.Empty((await notifications.Api.GetJourneyAsync(Guid.CreateVersion7(), Cancellation)).Steps);

        async Task<JourneyStep> ReadAsync(string change)
        {
            if (change != "true")
            {
                await notifications.ExecuteAsync($"update notifications.emails set {change}");
            }

            var steps = (await notifications.Api.GetJourneyAsync(order.OrderId, Cancellation)).Steps;
            Assert.True(steps[0] is { Part: "group", Name: "notification-sender", State: "done", At: not null });
            return Assert.Single(steps.Skip(1));
        }
    }

    [Fact]
    public async Task The_summary_counts_what_waits_and_what_ended_lately()
    {
        await using var orders = await OrderStream.CreateAsync();
        await using var notifications = await Notifications.StartAsync(orders);
        var empty = await notifications.Api.GetSummaryAsync(Cancellation);

        // Claimed for an hour: the dispatcher leaves them.
        await notifications.ExecuteAsync(
            """
            insert into notifications.emails (event_id, subject, recipient, placed, state, claim, due_at, finished_at)
            select
                gen_random_uuid(), 's', 'a@example.com', '{}', state, gen_random_uuid(), now() + interval '1 hour',
                now() - ended * interval '1 second'
            from (values
                ('pending', null), ('pending', null), ('sent', 10), ('sent', 20), ('sent', 600), ('failed', 30), ('failed', 7200), ('failed', 90000)
            ) as mail (state, ended)
            """);
        var summary = await notifications.Api.GetSummaryAsync(Cancellation);

        Assert.Equal((0, 0, 0, 0, 0), (empty.Pending, empty.Failed, empty.OverdueSeconds, empty.Rate, empty.FailedRate));
        Assert.Equal((2, 2, 0), (summary.Pending, summary.Failed, summary.OverdueSeconds));
        Assert.Equal((3 / 60d, 1 / 60d), (summary.Rate, summary.FailedRate));
    }
}

using FanOut.Chaos.Load;
using FanOut.Chaos.Verifying;

namespace FanOut.Chaos.Tests.Verifying;

public sealed class VerifierTests
{
    private readonly Books _books = new(orders: 5);

    [Fact]
    public void Exact_effects_give_no_findings()
    {
        var verdict = _books.Judge();

        Assert.Empty(verdict.Findings);
        Assert.Equal(5, verdict.Accepted);
        Assert.All(verdict.Effects.Values, count => Assert.Equal(5, count));
    }

    [Fact]
    public void An_accepted_order_that_is_not_in_Postgres_is_lost()
    {
        var lost = _books.Orders[2];
        _books.Orders.Remove(lost);

        AssertFound(FindingKind.Lost, "orders", $"{lost.Id} ({lost.Key})");
    }

    [Fact]
    public void One_key_with_two_orders_is_doubled()
    {
        _books.Orders.Add(_books.Orders[1] with { Id = Guid.CreateVersion7() });

        AssertFound(FindingKind.Doubled, "orders (one key, several rows)", "key-1 (2 times)");
    }

    [Fact]
    public void One_key_that_was_answered_with_two_orders_is_doubled()
    {
        _books.Accepted.Add(_books.Accepted[1] with { Id = Guid.CreateVersion7() });

        AssertFound(FindingKind.Doubled, "answers (one key, several orders)", "key-1");
    }

    [Fact]
    public void An_order_that_no_client_placed_is_unexpected()
    {
        var order = new RecordedOrder(Guid.CreateVersion7(), "ghost", 1m);
        _books.Orders.Add(order);
        AssertFound(FindingKind.Unexpected, "orders", $"{order.Id} (ghost)");

        _books.Unanswered.Add("ghost");
        Assert.DoesNotContain(_books.Judge().Findings, finding => finding is { Kind: FindingKind.Unexpected, Where: "orders" });
    }

    [Fact]
    public void An_order_without_an_answer_is_stuck_and_a_refused_one_unexpected()
    {
        _books.Unanswered.Add("waiting");
        _books.Refused["wrong"] = "400 no";

        AssertFound(FindingKind.Stuck, "orders (no answer)", "waiting");
        AssertFound(FindingKind.Unexpected, "orders (refused)", "wrong: 400 no");
    }

    [Fact]
    public void An_order_without_an_event_is_lost_and_with_two_is_doubled()
    {
        var (lost, doubled) = (_books.Outbox[0], _books.Outbox[1]);
        _books.Outbox.Remove(lost);
        _books.Outbox.Add(doubled with { Event = Guid.CreateVersion7() });

        AssertFound(FindingKind.Lost, "the outbox", lost.Subject);
        AssertFound(FindingKind.Doubled, "the outbox", $"{doubled.Subject} (2 times)");
    }

    [Theory]
    [InlineData(Verifier.WebhookGroup)]
    [InlineData(Verifier.AnalyticsGroup)]
    [InlineData(Verifier.NotificationGroup)]
    public void An_event_without_an_effect_is_lost_and_with_two_is_doubled(string group)
    {
        var (lost, doubled) = (_books.Effects[group][3], _books.Effects[group][4]);
        _books.Effects[group].Remove(lost);
        _books.Effects[group].Add(doubled);

        AssertFound(FindingKind.Lost, $"{group} (effects)", lost.Subject);
        AssertFound(FindingKind.Doubled, $"{group} (effects)", $"{doubled.Subject} (2 times)");
    }

    [Fact]
    public void A_lost_and_a_doubled_effect_do_not_cancel_out()
    {
        var effects = _books.Effects[Verifier.NotificationGroup];
        effects[0] = effects[1];

        var verdict = _books.Judge();

        Assert.Equal((1, 1), (verdict.Count(FindingKind.Lost), verdict.Count(FindingKind.Doubled)));
    }

    [Fact]
    public void A_missing_duplicated_or_unreceived_webhook_is_found()
    {
        var (lost, doubled, silent) = (_books.Deliveries[0], _books.Deliveries[1], _books.Deliveries[2]);
        _books.Deliveries.Remove(lost);
        _books.Deliveries.Add(doubled);
        _books.Received.Remove(silent.Event);

        AssertFound(FindingKind.Lost, "webhook-delivery (deliveries)", lost.Subject);
        AssertFound(FindingKind.Doubled, "webhook-delivery (deliveries)", $"{doubled.Subject} (2 times)");
        AssertFound(FindingKind.Lost, "webhooks received", silent.Subject);
    }

    [Fact]
    public void An_effect_without_an_event_is_unexpected()
    {
        var ghost = new Effect(Guid.CreateVersion7(), Guid.CreateVersion7().ToString());
        _books.Effects[Verifier.AnalyticsGroup].Add(ghost);

        AssertFound(FindingKind.Unexpected, "analytics-pipeline (effects)", ghost.Subject);
        AssertFound(FindingKind.Unexpected, "analytics-pipeline (effects), not in the outbox", ghost.Event.ToString());
    }

    [Theory]
    [InlineData(1, 0, FindingKind.Doubled)]
    [InlineData(0, 0.01, FindingKind.Doubled)]
    [InlineData(-1, 0, FindingKind.Lost)]
    [InlineData(0, -0.01, FindingKind.Lost)]
    public void A_sum_that_is_off_by_an_order_or_a_cent_is_found(long orders, double revenue, object kind)
    {
        _books.Revenue = (_books.Revenue.Orders + orders, _books.Revenue.Revenue + (decimal)revenue);

        var finding = Assert.Single(_books.Judge().Findings);
        Assert.Equal(((FindingKind)kind, "analytics (sums)"), (finding.Kind, finding.Where));
    }

    [Fact]
    public void An_event_with_two_ids_on_the_stream_is_doubled_unless_Redis_lost_data()
    {
        _books.OnStream.Add(_books.OnStream[0]);
        AssertFound(FindingKind.Doubled, "the stream", $"{_books.OnStream[0]} (2 times)");

        _books.RedisLostData = true;
        Assert.Empty(_books.Judge().Findings);
    }

    [Fact]
    public void A_dead_letter_of_an_event_that_is_not_in_the_outbox_is_unexpected_unless_Postgres_lost_commits()
    {
        var letter = new RecordedDeadLetter(7, "7-0", "order", "not in the outbox") { Event = Guid.CreateVersion7() };
        _books.DeadLetters[Verifier.WebhookGroup].Add(letter);
        _books.LettersOnStream[Verifier.WebhookGroup].Add(7);
        AssertFound(FindingKind.Unexpected, "webhook-delivery (dead letters)", "7-0 (order order): not in the outbox");

        _books.PostgresLostData = true;
        Assert.Empty(_books.Judge().Findings);
    }

    [Fact]
    public void Pending_entries_waiting_retries_and_unsent_mails_are_stuck()
    {
        Assert.Equal(0, _books.Judge().Count(FindingKind.Stuck));
        _books.Pending[Verifier.WebhookGroup].Add("1-0 (lane)");
        _books.Retries[Verifier.AnalyticsGroup].Add("17");
        _books.Unsent.Add("mail");

        AssertFound(FindingKind.Stuck, "webhook-delivery (pending)", "1-0 (lane)");
        AssertFound(FindingKind.Stuck, "analytics-pipeline (retries)", "17");
        AssertFound(FindingKind.Stuck, "webhooks and mails not sent", "mail");
        Assert.NotEqual(0, _books.Judge().Count(FindingKind.Stuck));
    }

    [Fact]
    public void An_unexpected_dead_letter_and_its_lost_effect_are_found()
    {
        var effect = _books.Effects[Verifier.NotificationGroup][0];
        _books.Effects[Verifier.NotificationGroup].Remove(effect);
        _books.DeadLetters[Verifier.NotificationGroup].Add(new RecordedDeadLetter(7, "7-0", effect.Subject, "no"));
        _books.LettersOnStream[Verifier.NotificationGroup].Add(7);

        AssertFound(FindingKind.Lost, "notification-sender (effects)", effect.Subject);
        AssertFound(FindingKind.Unexpected, "notification-sender (dead letters)", $"7-0 (order {effect.Subject}): no");
    }

    [Fact]
    public void An_event_that_must_fail_has_one_dead_letter_and_no_effect()
    {
        var order = _books.Accepted[0];
        _books.MustFail.Add((Verifier.NotificationGroup, order.Key));
        AssertFound(FindingKind.Lost, "notification-sender (dead letters)", order.Id.ToString());
        AssertFound(FindingKind.Unexpected, "notification-sender (effects)", order.Id.ToString());

        _books.Effects[Verifier.NotificationGroup].RemoveAt(0);
        _books.DeadLetters[Verifier.NotificationGroup].Add(new RecordedDeadLetter(7, "7-0", order.Id.ToString(), "no"));
        _books.LettersOnStream[Verifier.NotificationGroup].Add(7);
        Assert.Empty(_books.Judge().Findings);

        _books.LettersOnStream[Verifier.NotificationGroup].Clear();
        AssertFound(FindingKind.Lost, "notification-sender (DLQ stream)", "7");
    }

    [Fact]
    public void Poison_without_a_dead_letter_is_lost()
    {
        _books.Poison.Add("9-0");
        foreach (var group in new[] { Verifier.WebhookGroup, Verifier.AnalyticsGroup })
        {
            _books.DeadLetters[group].Add(new RecordedDeadLetter(9, "9-0", null, "Not an event"));
            _books.LettersOnStream[group].Add(9);
        }

        AssertFound(FindingKind.Lost, "notification-sender (dead letters)", "9-0");

        _books.RedisLostData = true;
        Assert.Empty(_books.Judge().Findings);
    }

    [Fact]
    public void An_order_whose_total_differs_from_the_answer_is_unexpected()
    {
        _books.Accepted[0] = new AcceptedOrder(_books.Accepted[0].Key, _books.Accepted[0].Id, 1m);

        AssertFound(FindingKind.Unexpected, "orders (total differs from the answer)", _books.Accepted[0].Id.ToString());
    }

    private void AssertFound(FindingKind kind, string where, string id)
    {
        var verdict = _books.Judge();
        Assert.False(verdict.IsGood);
        var finding = Assert.Single(verdict.Findings, finding => finding.Kind == kind && finding.Where == where);
        Assert.Equal([id], finding.Ids);
    }
}

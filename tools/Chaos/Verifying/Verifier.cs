using System.Globalization;

namespace FanOut.Chaos.Verifying;

/// <summary>Compares the expectation with the observation, id by id.</summary>
internal static class Verifier
{
    public const string AnalyticsGroup = "analytics-pipeline";
    public const string WebhookGroup = "webhook-delivery";
    public const string NotificationGroup = "notification-sender";

    public static Verdict Judge(Expectation expectation, Observation seen)
    {
        var findings = new List<Finding>();
        var accepted = expectation.Accepted.DistinctBy(order => (order.Key, order.Id)).ToArray();
        JudgeAnswers(expectation, accepted, findings);
        JudgeOrders(expectation, accepted, seen, findings);

        var orders = seen.Orders.Select(order => order.Id.ToString()).ToHashSet();
        var events = seen.Outbox.DistinctBy(published => published.Event).ToDictionary(published => published.Event, published => published.Subject);
        Compare("the outbox", orders, seen.Outbox.Select(published => published.Subject), findings);
        Add(findings, FindingKind.Doubled, "the outbox (event ids)", Repeated(seen.Outbox.Select(published => published.Event.ToString())));
        if (!expectation.RedisLostData)
        {
            Add(findings, FindingKind.Doubled, "the stream", Repeated(seen.OnStream.Select(id => id.ToString())));
        }


        var keys = seen.Orders.DistinctBy(order => order.Id).ToDictionary(order => order.Id.ToString(), order => order.Key);
        foreach (var group in seen.Groups)
        {
            var due = orders.Where(order => !expectation.MustFail.Contains((group.Name, keys[order]))).ToHashSet();
            JudgeEffects($"{group.Name} (effects)", group.Effects, due, events, findings);
            foreach (var (book, effects) in group.FurtherEffects)
            {
                JudgeEffects($"{group.Name} ({book})", effects, due, events, findings);
            }

            JudgeDeadLetters(expectation, group, [.. orders.Except(due)], events, findings);
            Add(findings, FindingKind.Stuck, $"{group.Name} (pending)", group.Pending);
            Add(findings, FindingKind.Stuck, $"{group.Name} (not delivered)", group.Unread);
            Add(findings, FindingKind.Stuck, $"{group.Name} (dead letters not on the DLQ stream)", group.Unmirrored);
            Add(findings, FindingKind.Stuck, $"{group.Name} (retries)", group.Retries);
            if (group.Name == AnalyticsGroup)
            {
                JudgeRevenue(seen.Orders.Where(order => due.Contains(order.Id.ToString())).ToArray(), seen.Revenue, findings);
            }

            if (group.Name == WebhookGroup && seen.WebhooksReceived is { } received)
            {
                var missing = seen.Outbox.Where(published => due.Contains(published.Subject) && !received.Contains(published.Event));
                Add(findings, FindingKind.Lost, "webhooks received", [.. missing.Select(published => published.Subject)]);
            }
        }

        Add(findings, FindingKind.Stuck, "webhooks and mails not sent", seen.Unsent);
        return new Verdict(
            accepted.Select(order => order.Id).Distinct().Count(),
            seen.Groups.ToDictionary(group => group.Name, group => group.Effects.Select(effect => effect.Subject).Distinct().Count()),
            seen.Groups.ToDictionary(group => group.Name, group => group.DeadLetters.Count),
            seen.Prevented,
            findings);
    }

    private static void JudgeAnswers(Expectation expectation, IReadOnlyCollection<Load.AcceptedOrder> accepted, List<Finding> findings)
    {
        Add(findings, FindingKind.Stuck, "orders (no answer)", [.. expectation.Unanswered]);
        Add(findings, FindingKind.Unexpected, "orders (refused)", [.. expectation.Refused.Select(refused => $"{refused.Key}: {refused.Value}")]);
        var twice = accepted.CountBy(order => order.Key).Where(key => key.Value > 1);
        Add(findings, FindingKind.Doubled, "answers (one key, several orders)", [.. twice.Select(key => key.Key)]);
    }

    private static void JudgeOrders(
        Expectation expectation, IReadOnlyCollection<Load.AcceptedOrder> accepted, Observation seen, List<Finding> findings)
    {
        var recorded = seen.Orders.Select(order => order.Id).ToHashSet();
        var answered = accepted.ToLookup(order => order.Id);
        var open = expectation.Unanswered.ToHashSet();
        var lost = accepted.Where(order => !recorded.Contains(order.Id));
        var unexpected = seen.Orders.Where(order => !answered.Contains(order.Id) && !open.Contains(order.Key));
        var changed = seen.Orders.Where(order => answered[order.Id].Any(answer => answer.Total != order.Total || answer.Key != order.Key));
        Add(findings, FindingKind.Lost, "orders", [.. lost.Select(order => $"{order.Id} ({order.Key})")]);
        Add(findings, FindingKind.Doubled, "orders (one key, several rows)", Repeated(seen.Orders.Select(order => order.Key)));
        Add(findings, FindingKind.Unexpected, "orders", [.. unexpected.Select(order => $"{order.Id} ({order.Key})")]);
        Add(findings, FindingKind.Unexpected, "orders (total differs from the answer)", [.. changed.Select(order => order.Id.ToString())]);
    }

    private static void JudgeEffects(
        string where, IReadOnlyList<Effect> effects, HashSet<string> due, Dictionary<Guid, string> events, List<Finding> findings)
    {
        Compare(where, due, effects.Select(effect => effect.Subject), findings);
        var foreign = effects.Where(effect => events.GetValueOrDefault(effect.Event) != effect.Subject);
        Add(findings, FindingKind.Unexpected, $"{where}, not in the outbox", [.. foreign.Select(effect => effect.Event.ToString())]);
    }

    private static void JudgeDeadLetters(
        Expectation expectation, GroupObservation group, HashSet<string> mustFail, Dictionary<Guid, string> events, List<Finding> findings)
    {
        var (letters, stream) = ($"{group.Name} (dead letters)", $"{group.Name} (DLQ stream)");
        var recorded = group.DeadLetters.Select(letter => letter.Entry).ToArray();
        var unexpected = group.DeadLetters.Where(letter =>
            !expectation.Poison.Contains(letter.Entry)
            && (letter.Subject is null || !mustFail.Contains(letter.Subject))
            && !(expectation.PostgresLostData && letter.Event is { } id && !events.ContainsKey(id)));
        Add(findings, FindingKind.Lost, letters, [.. mustFail.Except(group.DeadLetters.Select(letter => letter.Subject ?? ""))]);
        Add(findings, FindingKind.Doubled, letters, Repeated(recorded));
        Add(findings, FindingKind.Unexpected, letters, [.. unexpected.Select(one => $"{one.Entry} (order {one.Subject ?? "none"}): {one.Error}")]);
        var mirrored = group.LettersOnStream.ToHashSet();
        if (!expectation.PostgresLostData)
        {
            Add(findings, FindingKind.Unexpected, stream, Numbers(mirrored.Except(group.DeadLetters.Select(letter => letter.Number))));
        }

        if (!expectation.RedisLostData)
        {
            var missing = group.DeadLetters.Where(letter => !mirrored.Contains(letter.Number) && !expectation.Forgotten.Contains(letter.Entry));
            Add(findings, FindingKind.Lost, letters, [.. expectation.Poison.Except(recorded).Except(expectation.Forgotten)]);
            Add(findings, FindingKind.Lost, stream, Numbers(missing.Select(letter => letter.Number)));
        }

        static string[] Numbers(IEnumerable<long> numbers) => [.. numbers.Select(number => number.ToString(CultureInfo.InvariantCulture))];
    }

    private static void JudgeRevenue(RecordedOrder[] due, (long Orders, decimal Revenue) seen, List<Finding> findings)
    {
        var (count, revenue) = (due.Length, due.Sum(order => order.Total));
        if (seen.Orders != count || seen.Revenue != revenue)
        {
            var kind = seen.Orders > count || (seen.Orders == count && seen.Revenue > revenue) ? FindingKind.Doubled : FindingKind.Lost;
            var message = $"{seen.Orders} orders worth {seen.Revenue} were added up, but there are {count} worth {revenue}";
            Add(findings, kind, "analytics (sums)", [message]);
        }
    }

    /// <summary>Each of these once, and nothing else.</summary>
    private static void Compare(string where, HashSet<string> due, IEnumerable<string> seen, List<Finding> findings)
    {
        var counts = seen.CountBy(id => id).ToDictionary();
        Add(findings, FindingKind.Lost, where, [.. due.Where(id => !counts.ContainsKey(id))]);
        Add(findings, FindingKind.Doubled, where, [.. counts.Where(count => count.Value > 1).Select(count => $"{count.Key} ({count.Value} times)")]);
        Add(findings, FindingKind.Unexpected, where, [.. counts.Keys.Where(id => !due.Contains(id))]);
    }

    private static string[] Repeated(IEnumerable<string> ids) =>
        [.. ids.CountBy(id => id).Where(count => count.Value > 1).Select(count => $"{count.Key} ({count.Value} times)")];

    private static void Add(List<Finding> findings, FindingKind kind, string where, IReadOnlyList<string> ids)
    {
        if (ids.Count > 0)
        {
            findings.Add(new Finding(kind, where, ids));
        }
    }
}

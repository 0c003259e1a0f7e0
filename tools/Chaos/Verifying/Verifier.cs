using System.Globalization;

namespace FanOut.Chaos.Verifying;

/// <summary>Compares what must be with what is, id by id.</summary>
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
        Add(findings, FindingKind.Doubled, "the stream", Repeated(seen.OnStream.Select(id => id.ToString())));

        var keys = seen.Orders.DistinctBy(order => order.Id).ToDictionary(order => order.Id.ToString(), order => order.Key);
        foreach (var group in seen.Groups)
        {
            var due = orders.Where(order => !expectation.MustFail.Contains((group.Name, keys[order]))).ToHashSet();
            JudgeEffects($"{group.Name} (effects)", group.Effects, due, events, findings);
            foreach (var (book, effects) in group.FurtherEffects)
            {
                JudgeEffects($"{group.Name} ({book})", effects, due, events, findings);
            }

            JudgeDeadLetters(expectation, group, [.. orders.Except(due)], seen.MovedAside, findings);
            Add(findings, FindingKind.Stuck, $"{group.Name} (pending)", group.Pending);
            Add(findings, FindingKind.Stuck, $"{group.Name} (not delivered)", group.Unread);
            Add(findings, FindingKind.Stuck, $"{group.Name} (dead letters not moved)", group.Unprojected);
            if (group.Name == AnalyticsGroup)
            {
                JudgeRevenue(seen.Orders.Where(order => due.Contains(order.Id.ToString())).ToArray(), seen.Revenue, findings);
            }

            if (group.Name == WebhookGroup && seen.WebhooksReceived is { } received)
            {
                Add(findings, FindingKind.Lost, "webhooks received", [.. seen.Outbox.Where(published => due.Contains(published.Subject) && !received.Contains(published.Event)).Select(published => published.Subject)]);
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
        Add(findings, FindingKind.Doubled, "answers (one key, several orders)", [.. accepted.GroupBy(order => order.Key).Where(key => key.Count() > 1).Select(key => key.Key)]);
    }

    private static void JudgeOrders(Expectation expectation, IReadOnlyCollection<Load.AcceptedOrder> accepted, Observation seen, List<Finding> findings)
    {
        var recorded = seen.Orders.Select(order => order.Id).ToHashSet();
        var answered = accepted.ToLookup(order => order.Id);
        var open = expectation.Unanswered.ToHashSet();
        Add(findings, FindingKind.Lost, "orders", [.. accepted.Where(order => !recorded.Contains(order.Id)).Select(order => $"{order.Id} ({order.Key})")]);
        Add(findings, FindingKind.Doubled, "orders (one key, several rows)", Repeated(seen.Orders.Select(order => order.Key)));
        Add(findings, FindingKind.Unexpected, "orders", [.. seen.Orders.Where(order => !answered.Contains(order.Id) && !open.Contains(order.Key)).Select(order => $"{order.Id} ({order.Key})")]);
        Add(
            findings,
            FindingKind.Unexpected,
            "orders (another total than was answered)",
            [.. seen.Orders.Where(order => answered[order.Id].Any(answer => answer.Total != order.Total || answer.Key != order.Key)).Select(order => order.Id.ToString())]);
    }

    private static void JudgeEffects(string where, IReadOnlyList<Effect> effects, HashSet<string> due, Dictionary<Guid, string> events, List<Finding> findings)
    {
        Compare(where, due, effects.Select(effect => effect.Subject), findings);
        Add(findings, FindingKind.Unexpected, $"{where}, of no event of the outbox", [.. effects.Where(effect => !events.TryGetValue(effect.Event, out var subject) || subject != effect.Subject).Select(effect => effect.Event.ToString())]);
    }

    private static void JudgeDeadLetters(Expectation expectation, GroupObservation group, HashSet<string> mustFail, IReadOnlySet<string> movedAside, List<Finding> findings)
    {
        var letters = group.DeadLetters;
        var poison = expectation.Poison.ToHashSet();
        Add(findings, FindingKind.Lost, $"{group.Name} (dead letters)", [.. mustFail.Except(letters.Select(letter => letter.Subject ?? ""))]);
        Add(findings, FindingKind.Doubled, $"{group.Name} (dead letters)", Repeated(letters.Select(letter => letter.Entry)));
        Add(
            findings,
            FindingKind.Unexpected,
            $"{group.Name} (dead letters)",
            [.. letters.Where(letter => !poison.Contains(letter.Entry) && (letter.Subject is null || !mustFail.Contains(letter.Subject))).Select(letter => $"{letter.Entry} (order {letter.Subject ?? "none"}): {letter.Error}")]);
        Add(findings, FindingKind.Doubled, $"{group.Name} (DLQ stream)", Repeated(group.LettersOnStream));
        Add(findings, FindingKind.Unexpected, $"{group.Name} (DLQ stream)", [.. group.LettersOnStream.Except(letters.Select(letter => letter.Entry)).Except(expectation.SetAside)]);
        if (!expectation.RedisLostData)
        {
            Add(findings, FindingKind.Lost, $"{group.Name} (dead letters)", [.. poison.Except(letters.Select(letter => letter.Entry)).Except(expectation.Forgotten).Except(movedAside)]);
            Add(
                findings,
                FindingKind.Lost,
                $"{group.Name} (DLQ stream)",
                [.. letters.Select(letter => letter.Entry).Concat(expectation.SetAside).Except(group.LettersOnStream).Except(expectation.Forgotten).Except(movedAside)]);
        }
    }

    private static void JudgeRevenue(RecordedOrder[] due, (long Orders, decimal Revenue) seen, List<Finding> findings)
    {
        var (count, revenue) = (due.Length, due.Sum(order => order.Total));
        if (seen.Orders != count || seen.Revenue != revenue)
        {
            var kind = seen.Orders > count || (seen.Orders == count && seen.Revenue > revenue) ? FindingKind.Doubled : FindingKind.Lost;
            Add(findings, kind, "analytics (sums)", [string.Create(CultureInfo.InvariantCulture, $"{seen.Orders} orders worth {seen.Revenue} were added up, but there are {count} worth {revenue}")]);
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

    private static string[] Repeated(IEnumerable<string> ids) => [.. ids.CountBy(id => id).Where(count => count.Value > 1).Select(count => $"{count.Key} ({count.Value} times)")];

    private static void Add(List<Finding> findings, FindingKind kind, string where, IReadOnlyList<string> ids)
    {
        if (ids.Count > 0)
        {
            findings.Add(new Finding(kind, where, ids));
        }
    }
}

using FanOut.Contracts;

namespace FanOut.StreamConsole.Clients;

/// <summary>The way of one order through all services, and which of them did not answer.</summary>
public sealed record OrderJourney(IReadOnlyList<JourneyStep> Steps, IReadOnlyList<Failure> Failures)
{
    private static readonly string[] Parts = ["order", "outbox", "stream", "group", "webhook", "mail"];

    /// <summary>Whether nothing more is to be expected.</summary>
    public bool IsOver => Failures.Count == 0
        && Steps.Any(step => step.Part == "group")
        && Steps.All(step => step.State is "done" or "dead" or "discarded");

    /// <summary>Asks all services at once.</summary>
    internal static async Task<OrderJourney> ReadAsync(ServiceClients clients, Guid order, CancellationToken cancellationToken)
    {
        var answers = await Task.WhenAll(
            ReadAsync(ServiceClients.OrderApi, () => clients.Orders.GetJourneyAsync(order, cancellationToken)),
            ReadAsync(ServiceClients.Reclaimer, () => clients.Operations.GetJourneyAsync(order, cancellationToken)),
            ReadAsync(ServiceClients.WebhookWorker, () => clients.Webhooks.GetJourneyAsync(order, cancellationToken)),
            ReadAsync(ServiceClients.AnalyticsWorker, () => clients.Analytics.GetJourneyAsync(order, cancellationToken)),
            ReadAsync(ServiceClients.NotificationWorker, () => clients.Notifications.GetJourneyAsync(order, cancellationToken)));
        return Of(answers.SelectMany(answer => answer.Steps), [.. answers.Select(answer => answer.Failure).OfType<Failure>()]);
    }

    /// <summary>The order, its event, then each group with what follows from it.</summary>
    internal static OrderJourney Of(IEnumerable<JourneyStep> steps, IReadOnlyList<Failure> failures)
    {
        var all = steps.ToList();

        // A service knows when the effect was committed; the reclaimer knows only that it was, or not even that if it was asked a moment before.
        foreach (var effect in all.Where(step => step is { Part: "group", At: not null }).ToArray())
        {
            all.RemoveAll(step => step.Part == "group" && step.Name == effect.Name && step.At is null
                && step.State is ("done" or "unread" or "pending"));
        }

        return new(
            [.. all.OrderBy(step => Math.Min(Rank(step.Part), Rank("group"))).ThenBy(GroupOf, StringComparer.Ordinal).ThenBy(step => Rank(step.Part))
                .ThenBy(step => step.At ?? DateTimeOffset.MaxValue)],
            failures);
    }

    private static int Rank(string part) => Array.IndexOf(Parts, part);

    private static string GroupOf(JourneyStep step) => step.Part switch
    {
        "group" => step.Name,
        "webhook" => "webhook-delivery",
        "mail" => "notification-sender",
        _ => "",
    };

    private static async Task<(IReadOnlyList<JourneyStep> Steps, Failure? Failure)> ReadAsync(string service, Func<Task<Journey>> read)
    {
        try
        {
            return ((await read()).Steps, null);
        }
        catch (Exception e) when (Failure.IsExpected(e))
        {
            // An order that is not known here yet is no failure.
            var failure = Failure.Of(e, service);
            return ([], failure.Status == System.Net.HttpStatusCode.NotFound ? null : failure);
        }
    }
}

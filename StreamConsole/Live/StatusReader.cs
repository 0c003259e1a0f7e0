using FanOut.StreamConsole.Clients;

namespace FanOut.StreamConsole.Live;

/// <summary>Asks every service for its state, all at once. One that does not answer in time is away; the others are shown.</summary>
internal static class StatusReader
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(3);

    public static async Task<SystemStatus> ReadAsync(ServiceClients clients, TimeProvider time, RateMeter accepted)
    {
        using var deadline = new CancellationTokenSource(Timeout, time);
        var token = deadline.Token;
        var stream = ReadAsync(ServiceClients.Reclaimer, async () => (await clients.Operations.ListStreamsAsync(token)).Streams[0]);
        var groups = ReadAsync(ServiceClients.Reclaimer, async () => (await clients.Operations.ListGroupsAsync(token)).Groups);
        var webhooks = ReadAsync(ServiceClients.WebhookWorker, () => clients.Webhooks.GetSummaryAsync(token));
        var mails = ReadAsync(ServiceClients.NotificationWorker, () => clients.Notifications.GetSummaryAsync(token));
        var health = ServiceClients.Names.ToDictionary(name => name, name => ReadAsync(name, () => clients.GetHealthAsync(name, token)));
        await Task.WhenAll([stream, groups, webhooks, mails, .. health.Values]);
        var at = time.GetUtcNow();
        var sample = await stream;
        return new SystemStatus(
            at,
            sample,
            await groups,
            await webhooks,
            await mails,
            health.ToDictionary(service => service.Key, service => service.Value.Result),
            sample.Value is { } known ? accepted.Observe(known.At, known.HighestPosition) : null);
    }

    private static async Task<Reading<T>> ReadAsync<T>(string service, Func<Task<T>> read)
        where T : class
    {
        try
        {
            return new(await read(), null);
        }
        catch (Exception e) when (Failure.IsExpected(e))
        {
            return new(null, Failure.Of(e, service));
        }
    }
}

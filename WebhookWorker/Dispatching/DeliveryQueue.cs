using FanOut.ServiceDefaults;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.WebhookWorker.Dispatching;

/// <summary>The queue of deliveries in Postgres, for any number of dispatchers.</summary>
internal sealed class DeliveryQueue(NpgsqlDataSource dataSource, IOptions<WebhookOptions> options)
{
    private static readonly string ClaimDue = EmbeddedSql.Read(typeof(DeliveryQueue), "claim.sql");
    private static readonly string SettleDeliveries = EmbeddedSql.Read(typeof(DeliveryQueue), "settle_deliveries.sql");
    private static readonly string RecordHealth = EmbeddedSql.Read(typeof(DeliveryQueue), "record_health.sql");
    private static readonly string DisableEndpoints = EmbeddedSql.Read(typeof(DeliveryQueue), "disable_endpoints.sql");

    /// <summary>Claims as many due deliveries of each endpoint as it has free slots; one of an endpoint that is not named.</summary>
    public async Task<List<ClaimedDelivery>> ClaimAsync(IReadOnlyCollection<EndpointSlots.Slots> endpoints, CancellationToken cancellationToken)
    {
        var claim = Guid.CreateVersion7();
        await using var command = dataSource.CreateCommand(ClaimDue);
        command.Parameters.Add(new() { Value = endpoints.Select(slots => slots.Endpoint).ToArray() });
        command.Parameters.Add(new() { Value = endpoints.Select(slots => slots.Taken).ToArray() });
        command.Parameters.Add(new() { Value = endpoints.Select(slots => slots.All).ToArray() });
        command.Parameters.Add(new() { Value = options.Value.Concurrency - endpoints.Sum(slots => Math.Max(slots.Taken - 1, 0)) });
        command.Parameters.Add(new() { Value = options.Value.Lease });
        command.Parameters.Add(new() { Value = claim });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var claimed = new List<ClaimedDelivery>();
        while (await reader.ReadAsync(cancellationToken))
        {
            claimed.Add(new(
                reader.GetInt64(0),
                claim,
                reader.GetGuid(1),
                reader.GetInt32(2),
                reader.GetGuid(3),
                reader.GetString(4),
                reader.GetString(5),
                reader.GetValue(6) as string,
                reader.GetValue(7) as string,
                reader.GetFieldValue<DateTimeOffset>(8),
                reader.GetString(9),
                reader.GetFieldValue<byte[]>(10),
                reader.GetValue(11) as byte[],
                reader.GetInt32(12)));
        }

        return claimed;
    }

    /// <returns>The endpoints that these attempts disabled, and why.</returns>
    public async Task<List<(Guid Endpoint, string Because)>> SettleAsync(IReadOnlyList<Attempt> attempts, CancellationToken cancellationToken)
    {
        // Ordered by id, so that two dispatchers that save the same rows (one too late) do not deadlock.
        var ordered = attempts.OrderBy(attempt => attempt.Delivery.Id).ToArray();
        await using var batch = dataSource.CreateBatch();
        batch.BatchCommands.Add(new(SettleDeliveries)
        {
            Parameters =
            {
                new() { Value = ordered.Select(a => a.Delivery.Id).ToArray() },
                new() { Value = ordered.Select(a => a.Delivery.Claim).ToArray() },
                new() { Value = ordered.Select(a => a.Result.ToString().ToLowerInvariant()).ToArray() },
                new() { Value = ordered.Select(a => a.Delay).ToArray() },
                new() { Value = ordered.Select(a => (int?)a.Status).ToArray() },
                new() { Value = ordered.Select(a => a.Error).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = ordered.Select(a => a.Took.TotalSeconds).ToArray() },
            },
        });

        var ended = attempts.Where(attempt => attempt.Result != AttemptResult.Released);
        var endpoints = ended.GroupBy(attempt => attempt.Delivery.EndpointId).Select(EndpointNews.Of).ToArray();
        batch.BatchCommands.Add(new(RecordHealth)
        {
            Parameters =
            {
                new() { Value = endpoints.Select(news => news.Endpoint).ToArray() },
                new() { Value = endpoints.Select(news => news.Succeeded).ToArray() },
                new() { Value = endpoints.Select(news => news.Failures).ToArray() },
                new() { Value = endpoints.Select(news => news.Error).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = endpoints.Select(news => news.Rest).ToArray() },
            },
        });

        var gone = attempts.Where(attempt => attempt.IsGone).Select(attempt => attempt.Delivery).DistinctBy(it => (it.EndpointId, it.Url)).ToArray();
        batch.BatchCommands.Add(new(DisableEndpoints)
        {
            Parameters =
            {
                new() { Value = gone.Select(g => g.EndpointId).ToArray() },
                new() { Value = gone.Select(g => g.Url).ToArray() },
                new() { Value = endpoints.Where(news => news.Failures > 0).Select(news => news.Endpoint).ToArray() },
                new() { Value = options.Value.DisableAfter },
            },
        });

        var disabled = new List<(Guid, string)>();
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        do
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                disabled.Add((reader.GetGuid(0), reader.GetString(1)));
            }
        }
        while (await reader.NextResultAsync(cancellationToken));

        return disabled;
    }
}

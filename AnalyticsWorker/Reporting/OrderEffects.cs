using FanOut.Contracts;
using FanOut.ServiceDefaults;
using Npgsql;

namespace FanOut.AnalyticsWorker.Reporting;

/// <summary>Finds when an order was added to the reports. No index has orders, which would slow each of them down.</summary>
internal sealed class OrderEffects(NpgsqlDataSource dataSource)
{
    // At 1,000 orders/s this is 600,000 rows.
    private static readonly TimeSpan Searched = TimeSpan.FromMinutes(10);

    // The clock of the API and that of Postgres may differ.
    private static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(10);

    private static readonly string Find = EmbeddedSql.Read(typeof(OrderEffects), "find_effect.sql");

    public async Task<Journey> FindJourneyAsync(Guid order, CancellationToken cancellationToken)
    {
        if (OrderId.AcceptedAt(order) is not { Year: > 2000 and < 9000 } accepted)
        {
            return new([]);
        }

        await using var command = dataSource.CreateCommand(Find);
        command.Parameters.Add(new() { Value = order.ToString() });
        command.Parameters.Add(new() { Value = accepted - ClockSkew });
        command.Parameters.Add(new() { Value = accepted + Searched });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var steps = new List<JourneyStep>();
        while (await reader.ReadAsync(cancellationToken))
        {
            steps.Add(new("group", AnalyticsService.Group, "done", reader.GetFieldValue<DateTimeOffset>(0), Id: order.ToString()));
        }

        return new(steps);
    }
}

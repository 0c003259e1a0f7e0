using Npgsql;

namespace FanOut.Cli.Demo;

/// <summary>Reads the workers' effects from their own tables.</summary>
internal sealed class EffectLedger(NpgsqlDataSource database)
{
    private const int Chunk = 5000;

    /// <summary>The schema of each consumer group's effects.</summary>
    private static readonly Dictionary<string, string> Schemas = new()
    {
        ["webhook-delivery"] = "webhooks",
        ["analytics-pipeline"] = "analytics",
        ["notification-sender"] = "notifications",
    };

    public static IEnumerable<string> Groups => Schemas.Keys;

    /// <summary>For each of these orders that has an effect in the group: how many, and when the first.</summary>
    public async Task<Dictionary<string, (long Count, DateTimeOffset First)>> EffectsAsync(
        string group, IReadOnlyCollection<string> orders, CancellationToken cancellationToken)
    {
        var effects = new Dictionary<string, (long, DateTimeOffset)>(orders.Count);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        foreach (var chunk in orders.Chunk(Chunk))
        {
            // The schema is one of three constants.
#pragma warning disable CA2100
            await using var command = new NpgsqlCommand(
                $"select subject, count(*), min(effected_at) from {Schemas[group]}.effects where subject = any($1) group by subject", connection);
#pragma warning restore CA2100
            command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = chunk });
            await using var reader = await command.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                effects[reader.GetString(0)] = (reader.GetInt64(1), await reader.GetFieldValueAsync<DateTimeOffset>(2, cancellationToken));
            }
        }

        return effects;
    }

    public async Task<Dictionary<string, (long DuplicatesPrevented, long DeadLetters)>> ProgressAsync(CancellationToken cancellationToken)
    {
        var progress = new Dictionary<string, (long, long)>();
        await using var command = database.CreateCommand("""select "group", duplicates_prevented, dead_letters from bus.group_progress""");
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            progress[reader.GetString(0)] = (reader.GetInt64(1), reader.GetInt64(2));
        }

        return progress;
    }
}

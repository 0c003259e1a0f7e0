using FanOut.EventBus.Groups;
using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Retrying;

/// <summary>
/// Copies dead letters to the group's DLQ stream, at least once, for consumers that watch Redis. Postgres is the record: a copy is only ever added,
/// and the DLQ stream keeps about <c>maxLength</c> of them.
/// </summary>
internal sealed class DeadLetterMirror(IConnectionMultiplexer redis, NpgsqlDataSource postgres, int maxLength = 10_000)
{
    /// <summary>How many one call copies. Data may be large: few at once.</summary>
    public const int MaxPerCall = 200;

    private static readonly string FindSql = EmbeddedText.Read("Retrying.find_unmirrored.sql");
    private static readonly string MarkSql = EmbeddedText.Read("Retrying.mark_mirrored.sql");

    /// <summary>Copies what is not on the DLQ stream yet.</summary>
    /// <returns>How many; with <see cref="MaxPerCall"/> there may be more.</returns>
    public async Task<int> RunOnceAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        var letters = await postgres.QueryAsync(FindSql, [group.Id, MaxPerCall], row => Read(row, group), cancellationToken);
        if (letters.Count == 0)
        {
            return 0;
        }

        var key = StreamKeys.DeadLetters(group.Stream.Name, group.Name);
        await Task.WhenAll(letters.Select(letter => redis.GetDatabase().StreamAddAsync(
            key, letter.Fields, maxLength: maxLength, useApproximateMaxLength: true)));
        object[] copied = [letters.Select(letter => letter.Number).ToArray(), letters.Select(letter => letter.DeadAt).ToArray()];
        await postgres.ExecuteAsync(MarkSql, copied, cancellationToken);
        return letters.Count;
    }

    /// <summary>Removes copies that are older than <paramref name="keepFor"/>: Postgres keeps the dead letters for no longer.</summary>
    public Task TrimAsync(RegisteredGroup group, TimeSpan keepFor, DateTimeOffset now) => redis.GetDatabase().StreamTrimByMinIdAsync(
        StreamKeys.DeadLetters(group.Stream.Name, group.Name), (now - keepFor).ToUnixTimeMilliseconds());

    private static Letter Read(NpgsqlDataReader row, RegisteredGroup group)
    {
        var (number, deadAt) = (row.Get<long>("number"), row.Get<DateTime>("dead_at"));
        return new Letter(number, deadAt,
        [
            new("dlq-group", group.Name.Value),
            new("dlq-number", number),
            new("dlq-position", row.Get<long?>("position") ?? RedisValue.EmptyString),
            new("dlq-error", row.Get<string>("error")),
            new("dlq-attempts", row.Get<int>("attempts")),
            new("dlq-time", EventFields.FormatTime(deadAt)),
            .. DeadLetterRow.ReadFields(row),
        ]);
    }

    private sealed record Letter(long Number, DateTime DeadAt, NameValueEntry[] Fields);
}

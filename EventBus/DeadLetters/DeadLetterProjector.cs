using System.Globalization;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Wire;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.DeadLetters;

/// <summary>
/// Moves the entry of a committed dead letter from the pending entries list to the group's DLQ stream. Both happen in one script, and the second only where the first found the entry pending: so the
/// DLQ stream has each dead letter once, however often this is repeated and whoever repeats it.
/// </summary>
internal sealed class DeadLetterProjector(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    // Lua's unpack takes about 8,000 values; the record in Postgres has all of them.
    private const int MostFields = 1_000;
    private static readonly EmbeddedScript MoveScript = new("DeadLetters.move_to_dlq.lua");
    private static readonly string ReadSql = EmbeddedText.Read("DeadLetters.read_dead_letter.sql");
    private static readonly string MarkSql = EmbeddedText.Read("DeadLetters.mark_projected.sql");

    public async Task ProjectAsync(long number, CancellationToken cancellationToken)
    {
        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        if (await ReadAsync(connection, number, cancellationToken) is not { } move)
        {
            return;
        }

        await MoveScript.RunAsync(redis.GetDatabase(), move.Keys, move.Values);
        await using var mark = new NpgsqlCommand(MarkSql, connection);
        mark.Parameters.AddWithValue(number);
        await mark.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Moves an entry to the DLQ stream that Postgres can't record, because its id has no int8.</summary>
    public async Task SetAsideAsync(StreamName stream, GroupName group, RedisKey key, StreamEntry entry, string consumer)
    {
        var values = new List<RedisValue> { group.Value, entry.Id };
        foreach (var field in entry.Values.Take(MostFields))
        {
            values.Add(field.Name);
            values.Add(field.Value);
        }

        values.AddRange(
        [
            DeadLetterFields.Group, group.Value,
            DeadLetterFields.Entry, entry.Id,
            DeadLetterFields.Consumer, consumer,
            DeadLetterFields.Error, "The entry's id is not one that the event bus writes.",
        ]);
        await MoveScript.RunAsync(redis.GetDatabase(), [key, StreamKeys.DeadLetters(stream, group)], [.. values]);
    }

    private static async Task<(RedisKey[] Keys, RedisValue[] Values)?> ReadAsync(NpgsqlConnection connection, long number, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ReadSql, connection);
        command.Parameters.AddWithValue(number);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (!await reader.ReadAsync(cancellationToken))
        {
            return null;
        }

        var stream = new StreamName(reader.GetString(0));
        var group = new GroupName(reader.GetString(1));
        var entry = EntryId.FromInt64(reader.GetInt64(2)).ToString();
        var redriveId = reader.IsDBNull(3) ? null : reader.GetString(3);
        var values = new List<RedisValue> { group.Value, redriveId ?? entry };
        foreach (var field in DeadLetterStore.FromJson(reader.GetString(4)).Take(MostFields))
        {
            values.Add(field.Name);
            values.Add(field.Value);
        }

        values.AddRange(
        [
            DeadLetterFields.Group, group.Value,
            DeadLetterFields.Entry, entry,
            DeadLetterFields.Consumer, reader.GetString(5),
            DeadLetterFields.Deliveries, reader.GetInt32(6).ToString(CultureInfo.InvariantCulture),
            DeadLetterFields.Error, reader.GetString(7),
            DeadLetterFields.Time, EventFields.FormatTime(reader.GetDateTime(8)),
        ]);
        RedisKey[] keys = [redriveId is null ? StreamKeys.Stream(stream) : StreamKeys.Redrive(stream, group), StreamKeys.DeadLetters(stream, group)];
        return (keys, [.. values]);
    }
}

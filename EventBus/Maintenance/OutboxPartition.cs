using FanOut.EventBus.Groups;
using Npgsql;

namespace FanOut.EventBus.Maintenance;

/// <summary>A partition of a stream's outbox, or a table that was one.</summary>
/// <param name="Name">Its table in the schema <c>bus</c>.</param>
/// <param name="PastLast">The first position above it; null where it is detached.</param>
/// <param name="IsDetachPending">Whether a detach was begun and not finished.</param>
internal sealed record OutboxPartition(string Name, long? PastLast, bool IsDetachPending)
{
    private static readonly string ListSql = EmbeddedText.Read("Maintenance.list_partitions.sql");

    /// <summary>All of them, lowest first; before them those that are detached.</summary>
    public static async Task<IReadOnlyList<OutboxPartition>> ListAsync(
        NpgsqlConnection connection, StreamIdentity stream, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(ListSql, connection).With(stream.Id);
        return await command.QueryAsync(
            row => new OutboxPartition(row.Get<string>("name"), row.Get<long?>("past_last"), row.Get<bool>("is_detach_pending")), cancellationToken);
    }

    /// <summary>Its highest position, and how long ago that event was written by Postgres' clock; null where it is empty.</summary>
    public async Task<(long Position, TimeSpan Age)?> ReadNewestAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(
            $"select position, clock_timestamp() - created_at as age from bus.{Name} order by position desc limit 1", connection);
        var newest = await command.QueryAsync(row => (row.Get<long>("position"), row.Get<TimeSpan>("age")), cancellationToken);
        return newest is [var only] ? only : null;
    }
}

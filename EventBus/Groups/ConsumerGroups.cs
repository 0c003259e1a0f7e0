using FanOut.EventBus.Consuming;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Groups;

/// <summary>Consumer groups: registered in Postgres, which knows where each stands, and created from there in Redis, which may lose them.</summary>
internal sealed class ConsumerGroups(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    private static readonly string RegisterSql = EmbeddedText.Read("Groups.register_group.sql");
    private static readonly string OutboxEndSql = EmbeddedText.Read("Groups.find_outbox_end.sql");
    private static readonly string CheckpointSql = EmbeddedText.Read("Groups.read_checkpoint.sql");

    /// <summary>Registers a group once; later calls only bring its settings up to date.</summary>
    public async Task RegisterAsync(StreamName stream, GroupName group, ConsumerOptions options, CancellationToken cancellationToken)
    {
        var checkpoint = options.Start == GroupStart.Now ? await FindOutboxEndAsync(stream, cancellationToken) ?? await LastIdAsync(stream) : default;
        var notDue = options.Start == GroupStart.Earliest ? await BeforeFirstAsync(stream) : checkpoint;
        await using var command = postgres.CreateCommand(RegisterSql);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(options.Start switch { GroupStart.Now => "now", GroupStart.Earliest => "earliest", _ => "history" });
        command.Parameters.AddWithValue(checkpoint.Value);
        command.Parameters.AddWithValue(options.MaxDeliveries);
        command.Parameters.AddWithValue(options.ReclaimAfter);
        command.Parameters.AddWithValue(options.LaneTimeout);
        command.Parameters.AddWithValue(notDue.Value);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Creates the group in Redis where it is missing, at its checkpoint, and its redrive stream's group from that stream's beginning.</summary>
    /// <returns>Whether the group was missing on the stream.</returns>
    /// <exception cref="InvalidOperationException">The group is not registered.</exception>
    public async Task<bool> EnsureAsync(StreamName stream, GroupName group, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(CheckpointSql);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        EntryId checkpoint;
        bool isDirect;
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            if (!await reader.ReadAsync(cancellationToken))
            {
                throw new InvalidOperationException($"Consumer group '{group}' of stream '{stream}' is not registered in bus.consumer_group: start a worker of that group once.");
            }

            (checkpoint, isDirect) = (EntryId.FromInt64(reader.GetInt64(0)), reader.GetBoolean(1));
        }

        await CreateAsync(StreamKeys.Redrive(stream, group), group, default);

        // A relay's ids only rise. A stream without an outbox that lost its entries goes on with the server's clock, which may have been set back: the inbox skips what was done.
        var isBehind = isDirect && await LastIdAsync(stream) < checkpoint;
        return await CreateAsync(StreamKeys.Stream(stream), group, isBehind ? default : checkpoint);
    }

    private async Task<bool> CreateAsync(RedisKey key, GroupName group, EntryId after)
    {
        try
        {
            return await redis.GetDatabase().StreamCreateConsumerGroupAsync(key, group.Value, after.ToString(), createStream: true);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("BUSYGROUP", StringComparison.Ordinal))
        {
            return false;
        }
    }

    /// <summary>The id before the stream's oldest entry; where there is none, the last that the stream has had.</summary>
    private async Task<EntryId> BeforeFirstAsync(StreamName stream)
    {
        var last = await LastIdAsync(stream);
        var oldest = await redis.GetDatabase().StreamRangeAsync(StreamKeys.Stream(stream), count: 1);
        return oldest is [{ Id: var id }] && EntryId.TryParse(((ReadOnlyMemory<byte>)id).Span, out var first)
            ? EntryId.FromInt64(Math.Max(0, first.Value - 1))
            : last;
    }

    /// <summary>The last id that the outbox has given: Redis may have lost it, and then has a lower one until it is put back.</summary>
    /// <returns>Null where no outbox feeds the stream.</returns>
    private async Task<EntryId?> FindOutboxEndAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(OutboxEndSql);
        command.Parameters.AddWithValue(stream.Value);
        return await command.ExecuteScalarAsync(cancellationToken) is long end ? EntryId.FromInt64(end) : null;
    }

    private async Task<EntryId> LastIdAsync(StreamName stream)
    {
        try
        {
            // An id beyond what the inbox can hold is not one of ours: a group that starts there would see none of ours either.
            var last = (await redis.GetDatabase().StreamInfoAsync(StreamKeys.Stream(stream))).LastGeneratedId;
            return EntryId.TryParse(((ReadOnlyMemory<byte>)last).Span, out var id) ? id : default;
        }
        catch (RedisServerException e) when (e.Message.Contains("no such key", StringComparison.OrdinalIgnoreCase))
        {
            return default;
        }
    }
}

using FanOut.EventBus.Consuming;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Groups;

/// <summary>Consumer groups: registered in Postgres, which knows where each stands, and created from there in Redis, which may lose them.</summary>
internal sealed class ConsumerGroups(IConnectionMultiplexer redis, NpgsqlDataSource postgres)
{
    private static readonly string RegisterSql = EmbeddedText.Read("Groups.register_group.sql");
    private static readonly string CheckpointSql = EmbeddedText.Read("Groups.read_checkpoint.sql");

    /// <summary>Registers a group once; later calls only bring its settings up to date.</summary>
    public async Task RegisterAsync(StreamName stream, GroupName group, ConsumerOptions options, CancellationToken cancellationToken)
    {
        var checkpoint = options.Start == GroupStart.Now ? await LastIdAsync(stream) : default;
        await using var command = postgres.CreateCommand(RegisterSql);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(group.Value);
        command.Parameters.AddWithValue(options.Start switch { GroupStart.Now => "now", GroupStart.Earliest => "earliest", _ => "history" });
        command.Parameters.AddWithValue(checkpoint.Value);
        command.Parameters.AddWithValue(options.MaxDeliveries);
        command.Parameters.AddWithValue(options.ReclaimAfter);
        command.Parameters.AddWithValue(options.LaneTimeout);
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
        var checkpoint = await command.ExecuteScalarAsync(cancellationToken) is long value
            ? EntryId.FromInt64(value)
            : throw new InvalidOperationException($"Consumer group '{group}' of stream '{stream}' is not registered in bus.consumer_group: start a worker of that group once.");
        await CreateAsync(StreamKeys.Redrive(stream, group), group, default);
        return await CreateAsync(StreamKeys.Stream(stream), group, checkpoint);
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

    private async Task<EntryId> LastIdAsync(StreamName stream)
    {
        try
        {
            return EntryId.Parse((await redis.GetDatabase().StreamInfoAsync(StreamKeys.Stream(stream))).LastGeneratedId.ToString());
        }
        catch (RedisServerException e) when (e.Message.Contains("no such key", StringComparison.OrdinalIgnoreCase))
        {
            return default;
        }
    }
}

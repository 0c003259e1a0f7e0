using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Redis;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Retention;

/// <summary>
/// Removes entries from the stream that every registered group is done with. Where an outbox feeds the stream, Postgres knows first: the trim floor is raised and committed before Redis trims, and it never
/// reaches what the relay may still have to append. Any number of processes may trim at once.
/// </summary>
internal sealed partial class StreamTrimmer(
    IConnectionMultiplexer redis, NpgsqlDataSource postgres, IOptions<RetentionOptions> options, RetentionMetrics metrics, TimeProvider time, ILogger<StreamTrimmer> logger)
{
    private const int MostCalls = 200;
    private const int CutAtOnce = 1_000;
    private static readonly EmbeddedScript TrimScript = new("Retention.trim.lua");
    private static readonly EmbeddedScript CutScript = new("Retention.cut.lua");
    private static readonly string SettledSql = EmbeddedText.Read("Retention.find_settled.sql");
    private static readonly string RaiseFloorSql = EmbeddedText.Read("Retention.raise_floor.sql");
    private string? _missing;

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>Removes what is done with, and what is above the hard cap.</summary>
    /// <returns>How many entries were removed.</returns>
    public async Task<long> TrimAsync(StreamName stream, IReadOnlyList<RegisteredGroup> groups, CancellationToken cancellationToken)
    {
        var settled = await FindSettledAsync(stream, cancellationToken);
        var trimmed = 0L;
        if (groups.Count > 0)
        {
            var young = time.GetUtcNow() - options.Value.KeepFor;
            var limit = Math.Min(groups.Min(group => group.Checkpoint.Value), new EntryId(Math.Clamp(young.ToUnixTimeMilliseconds(), 0, EntryId.MaxMilliseconds), 0).Value - 1);
            trimmed = await TrimAsync(stream, groups, Math.Min(limit, settled ?? long.MaxValue), settled is not null, cancellationToken);
        }

        trimmed += await CutAsync(stream, groups, settled, cancellationToken);
        metrics.Trimmed(stream, trimmed);
        return trimmed;
    }

    private async Task<long> TrimAsync(StreamName stream, IReadOnlyList<RegisteredGroup> groups, long limit, bool hasOutbox, CancellationToken cancellationToken)
    {
        if (limit <= 0)
        {
            return 0;
        }

        if (hasOutbox)
        {
            await RaiseFloorAsync(stream, limit, cancellationToken);
        }

        // Redis removes about 10,000 entries a call, so that it serves others between.
        var (trimmed, calls) = (0L, 0);
        RedisValue[] values = [EntryId.FromInt64(limit + 1).ToString(), .. groups.Select(group => (RedisValue)group.Name.Value)];
        for (long removed = 1; removed > 0 && calls < MostCalls; calls++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var reply = (RedisResult[])(await TrimScript.RunAsync(Redis, [StreamKeys.Stream(stream)], values))!;
            removed = (long)reply[0];
            trimmed += removed;
            NoteMissing(stream, (string?)reply[1] ?? "");
        }

        if (trimmed > 0)
        {
            Log.Trimmed(logger, stream, trimmed, EntryId.FromInt64(limit));
        }

        return trimmed;
    }

    private async Task<long> CutAsync(StreamName stream, IReadOnlyList<RegisteredGroup> groups, long? settled, CancellationToken cancellationToken)
    {
        var key = StreamKeys.Stream(stream);
        var excess = await FindExcessAsync(key);
        var cut = 0L;
        var losses = new Dictionary<string, (long Undelivered, long Pending)>();
        for (var calls = 0; excess > 0 && calls < MostCalls; calls++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var oldest = await Redis.StreamRangeAsync(key, count: (int)Math.Min(excess, CutAtOnce));
            var ids = oldest.Select(entry => EntryId.TryParse(((ReadOnlyMemory<byte>)entry.Id).Span, out var id) ? id.Value : long.MaxValue).TakeWhile(id => id <= (settled ?? long.MaxValue - 1)).ToArray();
            if (ids.Length == 0)
            {
                break;
            }

            if (settled is not null)
            {
                await RaiseFloorAsync(stream, ids[^1], cancellationToken);
            }

            RedisValue[] values = [EntryId.FromInt64(ids[^1] + 1).ToString(), CutAtOnce, .. groups.Select(group => (RedisValue)group.Name.Value)];
            var reply = (RedisResult[])(await CutScript.RunAsync(Redis, [key], values))!;
            cut += (long)reply[0];
            excess -= ids.Length;
            foreach (var loss in reply.AsSpan(1).ToArray().Chunk(3))
            {
                var (undelivered, pending) = losses.GetValueOrDefault(loss[0].ToString());
                losses[loss[0].ToString()] = (undelivered + (long)loss[1], pending + (long)loss[2]);
            }
        }

        foreach (var (name, (undelivered, pending)) in losses)
        {
            var group = new GroupName(name);
            metrics.Cut(stream, group, undelivered + pending);
            if (settled is not null)
            {
                Log.CutAndGivenAgain(logger, group, stream, undelivered, pending);
            }
            else
            {
                Log.CutAndLost(logger, group, stream, undelivered, pending);
            }
        }

        return cut;
    }

    /// <returns>How many entries the stream has more than it may.</returns>
    private async Task<long> FindExcessAsync(RedisKey key)
    {
        var (entries, bytes) = (options.Value.MaxEntries, options.Value.MaxBytes);
        if (entries == 0 && bytes == 0)
        {
            return 0;
        }

        var length = await Redis.StreamLengthAsync(key);
        var most = entries > 0 ? entries : long.MaxValue;
        if (bytes > 0 && length > 0)
        {
            var used = (long?)await Redis.ExecuteAsync("MEMORY", "USAGE", key) ?? 0;
            most = used > bytes ? Math.Min(most, (long)((double)length * bytes / used)) : most;
        }

        return length - most;
    }

    private async Task<long?> FindSettledAsync(StreamName stream, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(SettledSql);
        command.Parameters.AddWithValue(stream.Value);
        return (long?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private async Task RaiseFloorAsync(StreamName stream, long floor, CancellationToken cancellationToken)
    {
        await using var command = postgres.CreateCommand(RaiseFloorSql);
        command.Parameters.AddWithValue(stream.Value);
        command.Parameters.AddWithValue(floor);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private void NoteMissing(StreamName stream, string missing)
    {
        if (missing.Length > 0 && missing != _missing)
        {
            Log.NotTrimmed(logger, stream, missing);
        }

        _missing = missing.Length > 0 ? missing : null;
    }

    private static partial class Log
    {
        [LoggerMessage(551, LogLevel.Debug, "Stream '{Stream}': removed {Count} entries that every group has finished, up to {Limit}.")]
        public static partial void Trimmed(ILogger logger, StreamName stream, long count, EntryId limit);

        [LoggerMessage(552, LogLevel.Warning, "Stream '{Stream}' is not trimmed while its group '{Missing}' is missing in Redis. It is created again at its checkpoint; if it is not wanted any more, delete its row from bus.consumer_group.")]
        public static partial void NotTrimmed(ILogger logger, StreamName stream, string missing);

        [LoggerMessage(553, LogLevel.Error,
            "Stream '{Stream}' was above its hard cap (EventBus:Retention:MaxEntries or MaxBytes): group '{Group}' lost {Undelivered} events it had not been delivered and {Pending} that were pending. The stream has no outbox to give them again from. Add workers to the group, or raise the cap.")]
        public static partial void CutAndLost(ILogger logger, GroupName group, StreamName stream, long undelivered, long pending);

        [LoggerMessage(554, LogLevel.Warning,
            "Stream '{Stream}' was above its hard cap (EventBus:Retention:MaxEntries or MaxBytes): {Undelivered} events that group '{Group}' had not been delivered and {Pending} that were pending were removed, and are given to it again from the outbox. Add workers to the group, or raise the cap.")]
        public static partial void CutAndGivenAgain(ILogger logger, GroupName group, StreamName stream, long undelivered, long pending);
    }
}

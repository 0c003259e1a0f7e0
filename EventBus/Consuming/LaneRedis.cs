using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>What one lane asks of Redis. Reads go over the lane's own connection, because they block.</summary>
internal sealed class LaneRedis : IAsyncDisposable
{
    private const int MostParked = 200;
    private const long MostBytes = 16 * 1024 * 1024;
    private static readonly EmbeddedScript ClaimScript = new("Consuming.claim_own.lua");
    private static readonly EmbeddedScript ParkScript = new("Consuming.park.lua");
    private static readonly EmbeddedScript HeartbeatScript = new("Consuming.heartbeat.lua");
    private static readonly EmbeddedScript LeaveScript = new("Consuming.leave.lua");

    private readonly IConnectionMultiplexer _own;
    private readonly IDatabase _reads;
    private readonly IDatabase _shared;
    private readonly GroupName _group;
    private readonly RedisKey _lanes;
    private readonly StreamPosition[] _positions;
    private readonly ConsumerOptions _options;
    private readonly object[] _blockingRead;
    private int _count;

    public LaneRedis(IConnectionMultiplexer own, IConnectionMultiplexer shared, StreamName stream, GroupName group, string consumer, ConsumerOptions options)
    {
        _own = own;
        _reads = own.GetDatabase();
        _shared = shared.GetDatabase();
        _group = group;
        _options = options;
        _count = options.BatchSize;
        Consumer = consumer;
        Stream = StreamKeys.Stream(stream);
        Redrive = StreamKeys.Redrive(stream, group);
        _lanes = StreamKeys.Lanes(stream, group);
        _positions = [new(Stream, StreamPosition.NewMessages), new(Redrive, StreamPosition.NewMessages)];
        _blockingRead = ["GROUP", group.Value, consumer, "COUNT", options.BatchSize, "BLOCK", (long)options.BlockFor.TotalMilliseconds, "STREAMS", Stream, Redrive, ">", ">"];
    }

    public string Consumer { get; }

    /// <summary>The most entries that a read asks for at present: fewer than <see cref="ConsumerOptions.BatchSize"/> where they are large.</summary>
    public int BatchSize => _count;

    public RedisKey Stream { get; }

    public RedisKey Redrive { get; }

    /// <summary>What the group has pending on the stream and on its redrive stream.</summary>
    public async Task<(PendingSummary Stream, PendingSummary Redrive)> PendingAsync()
    {
        var stream = _reads.StreamPendingAsync(Stream, _group.Value);
        var redrive = _reads.StreamPendingAsync(Redrive, _group.Value);
        return (PendingSummary.Of(await stream, Consumer), PendingSummary.Of(await redrive, Consumer));
    }

    /// <summary>New entries of both streams, if there are any now.</summary>
    public async Task<NewEntries> ReadNewAsync()
        => Sort((await _reads.StreamReadGroupAsync(_positions, _group.Value, Consumer, _count, noAck: false, CommandFlags.None)).Select(read => (read.Key, read.Entries)));

    /// <summary>New entries of both streams; waits for one at most <see cref="ConsumerOptions.BlockFor"/>.</summary>
    public async Task<NewEntries> WaitForNewAsync()
    {
        _blockingRead[4] = _count;
        return Sort(StreamReply.Read(await _reads.ExecuteAsync("XREADGROUP", _blockingRead)));
    }

    /// <summary>The lane's own pending entries with their delivery counts, oldest first.</summary>
    public Task<StreamPendingMessageInfo[]> OwnPendingAsync(RedisKey key, int count)
        => _reads.StreamPendingMessagesAsync(key, _group.Value, count, Consumer, null, null, CommandFlags.None);

    /// <summary>Entries by id; null where the stream no longer has one.</summary>
    public async Task<StreamEntry?[]> GetAsync(RedisKey key, RedisValue[] ids)
    {
        var found = await Task.WhenAll(ids.Select(id => _reads.StreamRangeAsync(key, id, id, 1)));
        return [.. found.Select(entries => entries.Length == 1 ? entries[0] : (StreamEntry?)null)];
    }

    /// <summary>Counts one more delivery of an entry to this lane, if it still holds it.</summary>
    public async Task<bool> ClaimAsync(RedisKey key, RedisValue id)
        => (long)await ClaimScript.RunAsync(_reads, [key], [_group.Value, Consumer, id]) == 1;

    public Task AcknowledgeAsync(RedisKey key, RedisValue[] ids) => _reads.StreamAcknowledgeAsync(key, _group.Value, ids);

    /// <summary>Parks entries that the lane still holds until they have been idle for <see cref="ConsumerOptions.ReclaimAfter"/>, counted as if they had been idle for <paramref name="idle"/> already.</summary>
    /// <returns>How many of them were no longer on the stream.</returns>
    public async Task<long> ParkAsync(RedisKey key, RedisValue[] ids, TimeSpan idle)
    {
        long missing = 0;

        // Each takes two commands in the script, during which Redis serves nobody else.
        foreach (var some in ids.Chunk(MostParked))
        {
            missing += (long)await ParkScript.RunAsync(_shared, [key], [_group.Value, Consumer, StreamKeys.ParkedConsumer, (long)idle.TotalMilliseconds, .. some]);
        }

        return missing;
    }

    /// <summary>Renews what the lane works on and shows that it is alive, over the shared connection: its own may be in a blocking read.</summary>
    /// <param name="held">First and last id of what it works on of the stream; empty where nothing.</param>
    /// <param name="heldRedriven">The same of the redrive stream.</param>
    /// <returns>How many of the entries it held were no longer on their stream.</returns>
    public async Task<long> HeartbeatAsync((RedisValue First, RedisValue Last) held, (RedisValue First, RedisValue Last) heldRedriven)
        => (long)await HeartbeatScript.RunAsync(
            _shared,
            [Stream, Redrive, _lanes],
            [_group.Value, Consumer, (long)(_options.ReclaimAfter / 3).TotalMilliseconds, held.First, held.Last, heldRedriven.First, heldRedriven.Last]);

    /// <summary>Hands what is left over as due now, takes the lane off the list and deletes its consumer where nothing is pending with it.</summary>
    public async Task LeaveAsync()
        => await LeaveScript.RunAsync(_shared, [Stream, Redrive, _lanes], [_group.Value, Consumer, StreamKeys.ParkedConsumer, (long)_options.ReclaimAfter.TotalMilliseconds]);

    public async ValueTask DisposeAsync() => await _own.DisposeAsync();

    private NewEntries Sort(IEnumerable<(RedisKey Key, StreamEntry[] Entries)> read)
    {
        var entries = new NewEntries([], []);
        foreach (var (key, found) in read)
        {
            entries = key == Stream ? entries with { Stream = found } : entries with { Redrive = found };
        }

        LimitBytes(entries.Stream.Length > 0 ? entries.Stream : entries.Redrive);
        return entries;
    }

    /// <summary>Redis limits a read by entries only. Where they are large, the next read asks for fewer, so that a lane's batch stays within about 16 MB.</summary>
    private void LimitBytes(StreamEntry[] read)
    {
        if (read.Length > 0)
        {
            long bytes = 0;
            foreach (var entry in read)
            {
                foreach (var field in entry.Values)
                {
                    bytes += field.Value.GetByteCount();
                }
            }

            _count = (int)Math.Clamp(MostBytes / Math.Max(1, bytes / read.Length), 1, _options.BatchSize);
        }
    }
}

using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>What one lane asks of Redis, over a connection of its own, because its reads block.</summary>
internal sealed class LaneRedis(IConnectionMultiplexer own, StreamName stream, GroupName group, string consumer, TimeSpan blockFor) : IAsyncDisposable
{
    private static readonly EmbeddedScript LeaveScript = new("Consuming.leave.lua");

    private readonly IDatabase _redis = own.GetDatabase();
    private readonly RedisKey _stream = StreamKeys.Stream(stream);
    private readonly RedisKey _relay = StreamKeys.Relay(stream);
    private readonly long _block = (long)blockFor.TotalMilliseconds;

    public string Consumer => consumer;

    /// <summary>New entries; none where there are none at present.</summary>
    public Task<StreamEntry[]> ReadAsync(int count) => _redis.StreamReadGroupAsync(_stream, group.Value, consumer, StreamPosition.NewMessages, count);

    /// <summary>
    /// New entries; waits for one at most for the time that the lane blocks. The client has no typed call for it, and reading the raw reply costs
    /// more.
    /// </summary>
    public async Task<StreamEntry[]> WaitAndReadAsync(int count)
    {
        var reply = await _redis.ExecuteAsync(
            "XREADGROUP", "GROUP", group.Value, consumer, "COUNT", count, "BLOCK", _block, "STREAMS", _stream, ">");
        return StreamReply.Read(reply).SelectMany(read => read.Entries).ToArray();
    }

    /// <summary>Acknowledges entries. The call is sent at once, ahead of the next read.</summary>
    public Task AcknowledgeAsync(RedisValue[] ids) => _redis.StreamAcknowledgeAsync(_stream, group.Value, ids);

    /// <summary>How many entries the group has pending, and whose events the stream carries (null where no relay has said yet).</summary>
    public async Task<(long Pending, Guid? Outbox)> LookAsync()
    {
        var pending = _redis.StreamPendingAsync(_stream, group.Value);
        var outbox = _redis.HashGetAsync(_relay, "outbox");
        return ((await pending).PendingMessageCount, Guid.TryParse((string?)await outbox, out var id) ? id : null);
    }

    /// <summary>Removes the lane's consumer where nothing is pending with it; the reclaimer takes what is.</summary>
    public Task LeaveAsync() => LeaveScript.RunAsync(_redis, [_stream], [group.Value, consumer]);

    public async ValueTask DisposeAsync() => await own.DisposeAsync();
}

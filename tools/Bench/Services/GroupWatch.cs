using FanOut.EventBus;
using StackExchange.Redis;

namespace FanOut.Bench.Services;

/// <summary>Sees how far groups of a stream are that is not trimmed: there XINFO counts right.</summary>
internal sealed class GroupWatch(IDatabase redis, StreamName stream)
{
    public Task<long> LengthAsync() => redis.StreamLengthAsync(StreamKeys.Stream(stream));

    /// <summary>How many entries each group has finished.</summary>
    public async Task<Dictionary<string, long>> DoneAsync()
    {
        if (!await redis.KeyExistsAsync(StreamKeys.Stream(stream)))
        {
            return [];
        }

        return (await redis.StreamGroupInfoAsync(StreamKeys.Stream(stream))).ToDictionary(info => info.Name, info => (info.EntriesRead ?? 0) - info.PendingMessageCount);
    }
}

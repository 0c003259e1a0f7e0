using FanOut.EventBus.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Gives entries that nobody works on any more to the live lanes. Any number of reclaimers may do it at once: what one has given away is no longer due for the next.</summary>
internal sealed class HandOver(IConnectionMultiplexer redis, IOptions<ReclaimerOptions> options)
{
    /// <summary>Where the first page begins.</summary>
    public static readonly RedisValue Start = "-";

    private static readonly EmbeddedScript Script = new("Reclaiming.hand_over.lua");

    /// <summary>Looks at some due entries, in the order of their ids.</summary>
    /// <param name="group">The group.</param>
    /// <param name="redriven">Whether to look at the group's redrive stream instead of the stream.</param>
    /// <param name="start"><see cref="Start"/>, or what the page before gave as <see cref="HandOverPage.Next"/>.</param>
    /// <param name="except">Pending ids that are left alone.</param>
    public async Task<HandOverPage> RunAsync(RegisteredGroup group, bool redriven, RedisValue start, IReadOnlyCollection<string> except)
    {
        RedisKey[] keys = redriven ? [group.RedriveKey, group.StreamKey, group.LanesKey] : [group.StreamKey, group.RedriveKey, group.LanesKey];
        RedisValue[] values =
        [
            group.Name.Value,
            (long)group.ReclaimAfter.TotalMilliseconds,
            (long)group.LaneTimeout.TotalMilliseconds,
            group.MaxDeliveries,
            start,
            options.Value.HandOverCount,
            options.Value.LaneLimit,
            .. except.Select(id => (RedisValue)id),
        ];
        var reply = (RedisResult[])(await Script.RunAsync(redis.GetDatabase(), keys, values))!;
        var exhausted = (RedisValue[])reply[5]!;
        return new(
            (RedisValue)reply[0],
            (int)reply[1],
            (int)reply[2],
            (int)reply[3],
            Array.ConvertAll((RedisValue[])reply[4]!, id => id.ToString()),
            [.. exhausted.Chunk(3).Select(entry => new ExhaustedEntry(entry[0].ToString(), entry[1].ToString(), (int)entry[2]))]);
    }
}

using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Deletes the consumers of lanes that are gone, once nothing is pending with them.</summary>
internal sealed class DeadLanes(IConnectionMultiplexer redis)
{
    private static readonly EmbeddedScript Script = new("Reclaiming.remove_dead_lanes.lua");

    /// <returns>The names of the deleted consumers.</returns>
    public async Task<string[]> RemoveAsync(RegisteredGroup group)
    {
        var reply = await Script.RunAsync(
            redis.GetDatabase(),
            [group.StreamKey, group.RedriveKey, group.LanesKey],
            [group.Name.Value, StreamKeys.ParkedConsumer, (long)group.ReclaimAfter.TotalMilliseconds]);
        return (string[])reply!;
    }
}

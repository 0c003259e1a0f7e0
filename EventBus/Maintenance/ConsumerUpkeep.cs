using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Keeps a group's consumers in order: removes those that are gone, and lets every pending entry age. Redis counts idle time by its own clock, so
/// entries that were delivered before the clock went back would not become idle until it has caught up. They are found by their idle time of zero,
/// whenever the clock went back, on whichever server, and also if no reclaimer ran then. The reclaimer's own consumer is removed whenever it is
/// empty.
/// </summary>
internal sealed class ConsumerUpkeep(IConnectionMultiplexer redis, RegisteredGroup group, string consumer)
{
    private const int PageSize = 1_000;
    private static readonly EmbeddedScript TouchScript = new("Maintenance.touch_pending.lua");
    private static readonly EmbeddedScript RemoveScript = new("Maintenance.remove_consumers.lua");

    public async Task PassAsync(CancellationToken cancellationToken)
    {
        RedisKey[] keys = [StreamKeys.Stream(group.Stream.Name)];
        try
        {
            for (RedisValue next = "-"; !next.IsNullOrEmpty;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                next = (RedisValue)await TouchScript.RunAsync(redis.GetDatabase(), keys, [group.Name.Value, next, PageSize]);
            }

            await RemoveScript.RunAsync(redis.GetDatabase(), keys, [group.Name.Value, consumer, (long)group.ReclaimAfter.TotalMilliseconds]);
        }
        catch (RedisServerException e) when (e.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            // Then it has no consumers. The reclaimer creates it.
        }
    }
}

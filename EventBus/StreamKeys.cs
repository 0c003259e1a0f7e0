using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>
/// The keys of one stream. The stream's own key is its name; what belongs to it carries the name as hash tag, so that on a cluster all of them share the stream's slot
/// (<see href="https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags"/>).
/// </summary>
internal static class StreamKeys
{
    /// <summary>The consumer that parked entries are held by: the pending entries list is the retry schedule.</summary>
    public const string ParkedConsumer = "parked";

    public static RedisKey Stream(StreamName stream) => stream.Value;

    /// <summary>The stream of entries to be handled once more by one group.</summary>
    public static RedisKey Redrive(StreamName stream, GroupName group) => $"{{{stream}}}:{group}:redrive";

    /// <summary>The stream that mirrors one group's dead letters.</summary>
    public static RedisKey DeadLetters(StreamName stream, GroupName group) => $"{{{stream}}}:{group}:dlq";

    /// <summary>The sorted set of one group's live lanes, scored by the server time of their last heartbeat in milliseconds.</summary>
    public static RedisKey Lanes(StreamName stream, GroupName group) => $"{{{stream}}}:{group}:lanes";

    /// <summary>The stream that entries are moved to which no relay wrote and which stand in a relay's way: about the newest 100,000 of them.</summary>
    public static RedisKey Foreign(StreamName stream) => $"{{{stream}}}:foreign";
}

using StackExchange.Redis;

namespace FanOut.EventBus;

/// <summary>
/// The keys of one stream. The stream's own key is its name; what belongs to it carries the name as hash tag, so that on a cluster all of them share
/// the stream's slot (<see href="https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags"/>).
/// </summary>
internal static class StreamKeys
{
    public static RedisKey Stream(StreamName stream) => stream.Value;

    /// <summary>What all keys and channels of the stream begin with, but for the stream itself.</summary>
    public static string OfStream(StreamName stream) => $"{{{stream}}}:";

    /// <summary>A hash: what the relays have put on the stream. It moves by compare-and-set, together with the entries.</summary>
    public static RedisKey Relay(StreamName stream) => $"{{{stream}}}:relay";

    /// <summary>A hash: the positions below the relay's that were not visible yet.</summary>
    public static RedisKey Gaps(StreamName stream) => $"{{{stream}}}:gaps";

    /// <summary>A string: which relay leads. It only saves work.</summary>
    public static RedisKey Lease(StreamName stream) => $"{{{stream}}}:lease";

    /// <summary>A channel: tells the leading relay that events were committed.</summary>
    public static RedisChannel Wake(StreamName stream) => RedisChannel.Literal($"{{{stream}}}:wake");

    /// <summary>The stream that mirrors one group's dead letters.</summary>
    public static RedisKey DeadLetters(StreamName stream, GroupName group) => $"{{{stream}}}:{group}:dlq";

    /// <summary>A pattern of the keys of <see cref="DeadLetters"/>. No group has the key that the pattern itself is.</summary>
    public static string DeadLettersOfAnyGroup(StreamName stream) => $"{{{stream}}}:*:dlq";
}

namespace FanOut.EventBus.Redis;

/// <summary>What a part of the event bus asks of Redis, as calls that change nothing: see <c>check_access.lua</c>.</summary>
/// <param name="Stream">The stream of the part.</param>
/// <param name="Calls">A call of each command.</param>
/// <param name="Subscribes">Whether the part subscribes to the stream's channel.</param>
internal sealed record RedisAccess(StreamName Stream, IReadOnlyList<string> Calls, bool Subscribes = false)
{
    /// <summary>No group has this name, and no entry this id.</summary>
    private const string No = "?";

    public static RedisAccess OfOutbox(StreamName stream)
    {
        var (key, relay, gaps, lease) = (StreamKeys.Stream(stream), StreamKeys.Relay(stream), StreamKeys.Gaps(stream), StreamKeys.Lease(stream));
        return new(
            stream,
            [
                "INFO server", $"EXISTS {key}", $"XINFO STREAM {key}", $"XADD {key} {No} f v", $"XTRIM {key} MAXLEN {No}", $"UNLINK {gaps}{No}",
                $"HGET {relay} f", $"HMGET {relay} f", $"HSET {relay} f v f", $"HGETALL {gaps}", $"HLEN {gaps}", $"HDEL {gaps} {No}",
                $"GET {lease}", $"SET {lease} v {No}", $"PUBLISH {StreamKeys.Wake(stream)} {No}",
            ],
            Subscribes: true);
    }

    public static RedisAccess OfConsumerGroup(StreamName stream)
    {
        var (key, relay) = (StreamKeys.Stream(stream), StreamKeys.Relay(stream));
        return new(
            stream,
            [
                "INFO server", $"XREADGROUP GROUP {No} c STREAMS {key} {No}", $"XACK {key} {No} {No}", $"XPENDING {key} {No}", $"HGET {relay} f",
                $"XGROUP CREATE {key} {No} {No}", $"XGROUP DELCONSUMER {key} {No} c", $"XINFO CONSUMERS {key} {No}",
            ]);
    }

    public static RedisAccess OfReclaimer(StreamName stream)
    {
        var (key, relay, gaps, letters) =
            (StreamKeys.Stream(stream), StreamKeys.Relay(stream), StreamKeys.Gaps(stream), StreamKeys.DeadLettersOfAnyGroup(stream));
        return new(
            stream,
            [
                "INFO server", $"EXISTS {key}", $"XLEN {key}", $"XRANGE {key} {No} {No}", $"XINFO STREAM {key}", $"XINFO GROUPS {key}",
                $"XINFO CONSUMERS {key} {No}", $"XPENDING {key} {No}", $"XAUTOCLAIM {key} {No} c 0 {No}", $"XCLAIM {key} {No} c 0 {No}",
                $"XACK {key} {No} {No}", $"XADD {letters} {No} f v", $"XTRIM {letters} MINID {No}", $"XTRIM {key} MINID {No}",
                $"XGROUP CREATE {key} {No} {No}",
                $"XGROUP DELCONSUMER {key} {No} c", $"XGROUP DESTROY {key} {No}", $"UNLINK {letters}", $"MEMORY USAGE {key}",
                $"HGET {relay} f", $"HMGET {relay} f", $"HGETALL {gaps}",
            ]);
    }

    /// <summary>The rule of an access control list that allows a call.</summary>
    /// <param name="call">One of <see cref="Calls"/>.</param>
    /// <param name="refused">What of it is refused: <c>command</c>, <c>key</c> or <c>channel</c>.</param>
    public string Rule(string call, string refused)
    {
        var words = call.ToLowerInvariant().Split(' ');
        var key = call.Split(' ').FirstOrDefault(word =>
            word == Stream.Value || word.StartsWith(StreamKeys.OfStream(Stream), StringComparison.Ordinal));
        return refused switch
        {
            // A selector: the stream itself may be trimmed, but not written.
            _ when key == StreamKeys.DeadLettersOfAnyGroup(Stream) && words[0] != "xtrim" => $"(~{key} +xadd +unlink)",
            "key" when key!.StartsWith(StreamKeys.Gaps(Stream).ToString(), StringComparison.Ordinal) => $"~{StreamKeys.Gaps(Stream)}*",
            "key" => $"~{key}",
            "channel" => ChannelRule,
            _ when words[0] is "xinfo" or "xgroup" or "memory" => $"+{words[0]}|{words[1]}",
            _ => $"+{words[0]}",
        };
    }

    /// <summary>The rule that allows the stream's channel.</summary>
    public string ChannelRule => $"&{StreamKeys.Wake(Stream)}";
}

using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>
/// Reads the raw reply of a blocking XREADGROUP, for which the client has no typed call: a map of stream to entries in RESP3, an array of pairs in
/// RESP2, nil where the time ran out.
/// </summary>
internal static class StreamReply
{
    public static IEnumerable<(RedisKey Key, StreamEntry[] Entries)> Read(RedisResult reply)
    {
        if (reply.IsNull)
        {
            yield break;
        }

        var isMap = reply.Resp3Type == ResultType.Map;
        var count = isMap ? reply.Length / 2 : reply.Length;
        for (var i = 0; i < count; i++)
        {
            var (key, entries) = isMap ? (reply[2 * i], reply[(2 * i) + 1]) : (reply[i][0], reply[i][1]);
            yield return ((RedisKey)(string?)key, ReadEntries(entries));
        }
    }

    private static StreamEntry[] ReadEntries(RedisResult reply)
    {
        var entries = new StreamEntry[reply.Length];
        for (var i = 0; i < entries.Length; i++)
        {
            var fields = reply[i][1];
            var values = new NameValueEntry[fields.Length / 2];
            for (var j = 0; j < values.Length; j++)
            {
                values[j] = new NameValueEntry((RedisValue)fields[2 * j], (RedisValue)fields[(2 * j) + 1]);
            }

            entries[i] = new StreamEntry((RedisValue)reply[i][0], values);
        }

        return entries;
    }
}

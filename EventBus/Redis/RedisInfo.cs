using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>What the server says of itself. Asked from a script, because the client refuses INFO of its own unless its connection allows every admin command.</summary>
internal static class RedisInfo
{
    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(IDatabaseAsync redis, params RedisValue[] sections)
    {
        var text = (string?)await redis.ScriptEvaluateAsync("#!lua flags=allow-oom\nreturn redis.call('INFO', unpack(ARGV))", values: sections) ?? "";
        return text.Split('\n', StringSplitOptions.TrimEntries)
            .Select(line => line.Split(':', 2))
            .Where(pair => pair.Length == 2)
            .GroupBy(pair => pair[0], pair => pair[1])
            .ToDictionary(pairs => pairs.Key, pairs => pairs.First());
    }
}

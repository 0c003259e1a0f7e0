using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>
/// What the server says of itself. Asked from a script, because the client refuses INFO of its own unless its connection allows every admin command.
/// </summary>
internal static class RedisInfo
{
    // Servers before 7.0 know neither `#!lua` nor more than one section, and it is for this to find out that they are.
    private const string Script =
        "local text = '' for _, section in ipairs(ARGV) do text = text .. redis.call('INFO', section) .. '\\n' end return text";

    public static async Task<IReadOnlyDictionary<string, string>> ReadAsync(IDatabaseAsync redis, params RedisValue[] sections)
    {
        var text = (string?)await redis.ScriptEvaluateAsync(Script, values: sections) ?? "";
        return text.Split('\n', StringSplitOptions.TrimEntries)
            .Select(line => line.Split(':', 2))
            .Where(pair => pair.Length == 2)
            .DistinctBy(pair => pair[0])
            .ToDictionary(pair => pair[0], pair => pair[1]);
    }
}

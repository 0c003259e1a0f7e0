using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>
/// A script from an embedded <c>.lua</c> file. The client sends its SHA-1 and falls back to the text where the server does not know it.
/// </summary>
internal sealed class EmbeddedScript(string name)
{
    private readonly string _text = EmbeddedText.Read(name);

    public Task<RedisResult> RunAsync(IDatabaseAsync redis, RedisKey[] keys, RedisValue[] values) => redis.ScriptEvaluateAsync(_text, keys, values);
}

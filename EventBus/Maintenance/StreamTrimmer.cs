using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Removes entries from the stream that every registered group has acknowledged. The outbox keeps the events, so nothing on the stream has to stay
/// longer. Groups in Redis that are not registered do not count.
/// </summary>
internal sealed partial class StreamTrimmer(
    IConnectionMultiplexer redis,
    ConsumerGroups groups,
    StreamOwnership ownership,
    StreamIdentity stream,
    EventBusMetrics metrics,
    ILogger<StreamTrimmer> logger)
{
    /// <summary>Redis removes so many entries in about a millisecond, in which it serves nobody else.</summary>
    private const int PageSize = 10_000;

    private static readonly EmbeddedScript Script = new("Maintenance.trim_acknowledged.lua");
    private string? _missing;

    /// <summary>Removes a page of entries.</summary>
    /// <returns>Whether there may be more.</returns>
    public async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        if (await ownership.FindOwnEndAsync(stream, cancellationToken) is null)
        {
            return false;
        }

        var registered = await groups.LoadAsync(stream, cancellationToken);
        RedisValue[] values = [PageSize, .. registered.Select(group => (RedisValue)group.Name.Value)];
        var reply = (RedisResult[])(await Script.RunAsync(redis.GetDatabase(), [StreamKeys.Stream(stream.Name)], values))!;
        var removed = (long)reply[0];
        var missing = (string?)reply[1] is { Length: > 0 } name ? name : null;
        if (missing is not null && missing != _missing)
        {
            Log.NotTrimmed(logger, stream.Name, missing);
        }

        _missing = missing;
        metrics.Trimmed(stream.Name, removed);
        return removed >= PageSize / 2;
    }

    private static partial class Log
    {
        [LoggerMessage(520, LogLevel.Warning,
            "Stream '{Stream}' is not trimmed while its group '{Missing}' is missing in Redis. It is created again automatically.")]
        public static partial void NotTrimmed(ILogger logger, StreamName stream, string missing);
    }
}

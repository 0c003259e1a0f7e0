using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>Whether a stream in Redis carries this database's events. One that another system uses is left alone.</summary>
internal sealed partial class StreamOwnership(IConnectionMultiplexer redis, StreamCatalog catalog, ILogger<StreamOwnership> logger)
{
    private static readonly EmbeddedScript EndScript = new("Maintenance.read_stream_end.lua");
    private Guid? _foreign;

    /// <summary>Reads the stream's end, and asks Postgres whose events it may carry.</summary>
    /// <returns>Null where another system uses the stream.</returns>
    public async Task<StreamEnd?> FindOwnEndAsync(StreamIdentity stream, CancellationToken cancellationToken)
    {
        // Postgres first: a replica that cannot reach it shall not touch what others could work on.
        var history = await catalog.ReadHistoryAsync(stream, cancellationToken);
        var reply = (RedisValue[])(await EndScript.RunAsync(
            redis.GetDatabase(), [StreamKeys.Stream(stream.Name), StreamKeys.Relay(stream.Name)], []))!;
        Guid? outbox = Guid.TryParse(reply[1].ToString(), out var found) ? found : null;
        if (outbox is null || history.Knows(outbox.Value))
        {
            _foreign = null;
            return new StreamEnd(reply[0].ToString(), reply[2].TryParse(out long position) ? position : 0);
        }

        if (_foreign != outbox)
        {
            Log.Foreign(logger, stream.Name, outbox.Value, history.Outbox);
        }

        _foreign = outbox;
        return null;
    }

    private static partial class Log
    {
        [LoggerMessage(502, LogLevel.Error,
            "Stream '{Stream}' in Redis carries events of outbox {Found}, but this database has outbox {Own}: another system uses the same Redis, "
            + "or the database was restored. Nothing is reclaimed, reconciled or trimmed. Give each system a Redis or stream names of its own.")]
        public static partial void Foreign(ILogger logger, StreamName stream, Guid found, Guid own);
    }
}

/// <summary>The end of a stream, read together with what its relay says of itself.</summary>
/// <param name="EntryId">The last id that the stream has given; <c>0-0</c> where there is no stream.</param>
/// <param name="Position">The highest position on the stream; 0 where no relay has begun.</param>
internal sealed record StreamEnd(string EntryId, long Position);

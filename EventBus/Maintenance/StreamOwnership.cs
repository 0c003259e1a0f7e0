using FanOut.EventBus.Groups;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>Whether a stream in Redis carries this database's events. One that another system uses is left alone.</summary>
internal sealed partial class StreamOwnership(IConnectionMultiplexer redis, StreamCatalog catalog, ILogger<StreamOwnership> logger)
{
    private Guid? _foreign;

    /// <summary>Reads the stream's end, and asks Postgres whose events it may carry.</summary>
    /// <returns>Null where another system uses the stream.</returns>
    public async Task<StreamEnd?> FindOwnEndAsync(StreamIdentity stream, CancellationToken cancellationToken)
    {
        // Postgres first: a replica that cannot reach it shall not touch what others could work on.
        var history = await catalog.ReadHistoryAsync(stream, cancellationToken);
        var end = await StreamEnd.ReadAsync(redis.GetDatabase(), stream.Name);
        if (!end.IsForeign(history))
        {
            _foreign = null;
            return end;
        }

        if (_foreign != end.Outbox)
        {
            Log.Foreign(logger, stream.Name, end.Outbox!.Value, history.Outbox);
        }

        _foreign = end.Outbox;
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

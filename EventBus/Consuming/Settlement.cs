using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>Tells Redis what Postgres has committed about a lane's entries. Until then they stay pending with the lane, so all of this can be repeated.</summary>
internal sealed partial class Settlement(
    StreamName stream, GroupName group, ConsumerOptions options, LaneRedis redis, DeadLetterProjector deadLetters, EventBusMetrics metrics, ILogger logger)
{
    /// <summary>Acknowledges what is done, parks what failed, and moves what is dead.</summary>
    /// <returns>False where dead letters could not be moved now; the reclaimer completes that.</returns>
    public async Task<bool> TellRedisAsync(BatchOutcome outcome)
    {
        foreach (var acknowledged in outcome.Done.GroupBy(delivery => delivery.Key))
        {
            await redis.AcknowledgeAsync(acknowledged.Key, [.. acknowledged.Select(delivery => delivery.PendingId)]);
        }

        foreach (var failed in outcome.Failed.GroupBy(delivery => (delivery.Key, delivery.Count)))
        {
            // Four times longer after each attempt; Redis can't park for longer than the reclaim time.
            var delay = TimeSpan.FromTicks((long)Math.Min(options.ReclaimAfter.Ticks, options.RetryDelay.Ticks * Math.Pow(4, failed.Key.Count - 1)));
            var missing = await redis.ParkAsync(failed.Key.Key, [.. failed.Select(delivery => delivery.PendingId)], options.ReclaimAfter - delay);
            Log.Parked(logger, failed.Count(), failed.First().Entry, stream, group, failed.Key.Count, options.MaxDeliveries, delay, outcome.FirstError);
            if (missing > 0)
            {
                Missing(missing);
            }
        }

        if (outcome.NewDeadLetters > 0)
        {
            Log.DeadLettered(logger, outcome.NewDeadLetters, stream, group, outcome.FirstError);
        }

        metrics.Count(stream, group, outcome.Duplicates, outcome.Failed.Count, outcome.NewDeadLetters);
        var deadLettersToMove = outcome.DeadLetters.ToArray();
        outcome.Clear();
        try
        {
            foreach (var number in deadLettersToMove)
            {
                await deadLetters.ProjectAsync(number, CancellationToken.None);
            }

            return true;
        }
        catch (Exception e) when (e is RedisServerException || Fault.IsEnvironment(e))
        {
            // They are on record in Postgres, and the reclaimer moves what is left: nothing here may wait for that.
            Log.NotMoved(logger, redis.Consumer, deadLettersToMove.Length, group, Fault.Describe(e));
            return false;
        }
    }

    /// <summary>An entry whose id the inbox can't hold: nothing of ours wrote it, so it goes to the DLQ stream as it is.</summary>
    public async Task SetAsideAsync(RedisKey key, StreamEntry entry)
    {
        await deadLetters.SetAsideAsync(stream, group, key, entry, redis.Consumer);
        Log.SetAside(logger, entry.Id.ToString(), key.ToString(), group);
    }

    /// <summary>Counts entries that vanished from the stream while the lane worked on them.</summary>
    public void Missing(long count)
    {
        metrics.Missing(stream, group, (int)count);
        Log.HeldEntriesTrimmed(logger, redis.Consumer, stream, group, count);
    }

    private static partial class Log
    {
        [LoggerMessage(204, LogLevel.Warning, "{Count} entries of stream '{Stream}', first {Entry}, failed in group '{Group}' (delivery {Delivery} of {MaxDeliveries}) and are delivered again in about {Delay}; bus.failure has the errors. The first: {Error}")]
        public static partial void Parked(ILogger logger, int count, EntryId entry, StreamName stream, GroupName group, int delivery, int maxDeliveries, TimeSpan delay, string? error);

        [LoggerMessage(206, LogLevel.Error, "Lane {Lane}: {Count} entries that it works on were trimmed from stream '{Stream}' while group '{Group}' had them pending.")]
        public static partial void HeldEntriesTrimmed(ILogger logger, string lane, StreamName stream, GroupName group, long count);

        [LoggerMessage(209, LogLevel.Error, "Entry {Entry} of {Key} has an id that no publisher of this event bus writes; it was moved as it is to the DLQ stream of group '{Group}'.")]
        public static partial void SetAside(ILogger logger, string entry, string key, GroupName group);

        [LoggerMessage(212, LogLevel.Warning, "{Count} new dead letters of stream '{Stream}' in group '{Group}'; bus.dead_letters has them. The first: {Error}")]
        public static partial void DeadLettered(ILogger logger, int count, StreamName stream, GroupName group, string? error);

        [LoggerMessage(213, LogLevel.Warning, "Lane {Lane}: of {Count} dead letters of group '{Group}' some could not be moved to the DLQ stream now; the reclaimer completes it: {Reason}")]
        public static partial void NotMoved(ILogger logger, string lane, int count, GroupName group, string reason);
    }
}

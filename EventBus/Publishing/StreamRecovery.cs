using FanOut.EventBus.Groups;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Makes the stream complete again up to the end of the chain: finds the last entry that Redis still has, and puts back all that follow it under the ids they had. The chain's entries are appended in order, each only
/// behind its predecessor, so what is there is a prefix. It does no harm where nothing was lost, nor when it is interrupted and begins again.
/// </summary>
internal sealed partial class StreamRecovery(StreamName stream, RelaySession session, StreamAppender appender, ConsumerGroups groups, RelayMetrics metrics, ILogger logger)
{
    private const int Page = 100;

    /// <summary>Runs to the end or throws what Redis or Postgres answered.</summary>
    /// <param name="chain">The chain's end.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task RunAsync(RelayChain chain, CancellationToken cancellationToken)
    {
        if (chain.Tail == default)
        {
            return;
        }

        var needed = await session.LoadNeededFromAsync(stream, cancellationToken);
        appender.Floor = await session.LoadFloorAsync(cancellationToken);
        var last = await FindLastAsync(needed, cancellationToken);
        for (EntryId since; (since = await session.LoadNeededFromAsync(stream, cancellationToken)) > needed; last = await FindLastAsync(needed, cancellationToken))
        {
            // What was trimmed while it looked must not be taken for lost: whoever trims raises the floor first, so a floor that stays where it was speaks for what was seen.
            needed = since;
            appender.Floor = await session.LoadFloorAsync(cancellationToken);
        }

        if (last >= chain.Tail)
        {
            // A stream that was trimmed empty has only its last id to go by; Redis may have lost that too.
            var end = await appender.CheckAsync(chain);
            if (end.Status == AppendStatus.Unknown)
            {
                throw new RedisException(end.Reason ?? "Redis did not answer.");
            }

            if (end.Status != AppendStatus.Behind)
            {
                return;
            }
        }

        if (needed > appender.Floor)
        {
            await session.RaiseFloorAsync(needed, cancellationToken);
            appender.Floor = needed;
        }

        // Before the entries: a group that is missing is created at its checkpoint, and reads on from there while they come back.
        foreach (var group in await session.LoadGroupsAsync(stream, cancellationToken))
        {
            await groups.EnsureAsync(stream, group, cancellationToken);
        }

        var (republished, moved, gone) = await PutBackAsync(last > needed ? last : needed, chain.Tail, cancellationToken);
        metrics.Republished(republished);
        metrics.MovedForeign(moved);
        Log.Republished(logger, stream, republished, last, chain.Tail);
        if (moved > 0)
        {
            Log.MovedForeign(logger, stream, moved, StreamKeys.Foreign(stream));
        }

        if (gone > 0)
        {
            Log.EventsGone(logger, stream, gone, last, chain.Tail);
        }
    }

    /// <summary>The last entry of the chain that stands on the stream with the right event, or <paramref name="needed"/> where all below are not needed.</summary>
    private async Task<EntryId> FindLastAsync(EntryId needed, CancellationToken cancellationToken)
    {
        for (RedisValue below = "+"; ;)
        {
            var entries = await appender.Redis.StreamRangeAsync(StreamKeys.Stream(stream), needed == default ? "-" : $"({needed}", below, Page, Order.Descending);
            foreach (var entry in entries)
            {
                // Ids that do not fit are foreign: the relay has none such.
                if (!EntryId.TryParse(((ReadOnlyMemory<byte>)entry.Id).Span, out var id) || await session.FindEventAsync(id, cancellationToken) is not { } eventId)
                {
                    continue;
                }

                // What is no event at all is merely foreign, whatever its id, and will be moved aside.
                if (!Guid.TryParse((string?)entry[EventFields.Id], out var found))
                {
                    continue;
                }

                if (found != eventId && eventId != Guid.Empty)
                {
                    throw Conflict(stream, id);
                }

                // Written by hand in another form, it is moved aside too, and appended as the relay writes it: only then does the next append find it.
                if (eventId == Guid.Empty || StreamAppender.Holds(entry, eventId))
                {
                    return id;
                }
            }

            if (entries.Length < Page)
            {
                return needed;
            }

            below = $"({entries[^1].Id}";
        }
    }

    private async Task<(int Republished, int Moved, int Gone)> PutBackAsync(EntryId after, EntryId tail, CancellationToken cancellationToken)
    {
        var (republished, moved, gone) = (0, 0, 0);
        for (var from = after.Milliseconds; ;)
        {
            // One batch at a time: each was as large as the relay's memory allows.
            if ((await session.LoadBatchesAsync(from, 1, cancellationToken)).SingleOrDefault() is not { } row)
            {
                break;
            }

            from = row.Milliseconds + 1;
            if (row.LiveCount == 0 || new EntryId(row.Milliseconds, row.LiveCount - 1) <= after)
            {
                continue;
            }

            var (batch, numbers) = await session.LoadEventsAsync(row, cancellationToken);
            batch.Fix(row.Milliseconds, after, afterEvent: null, neverAppended: false);
            gone += row.LiveCount - numbers.Count(number => number < row.LiveCount);
            for (var start = 0; start < batch.Count;)
            {
                var id = new EntryId(row.Milliseconds, numbers[start]);
                if (numbers[start] >= row.LiveCount)
                {
                    break;
                }

                if (id <= after)
                {
                    start++;
                    continue;
                }

                // Only neighbours can go together: the script numbers them.
                var count = 1;
                for (var most = batch.ChunkAt(start); count < most && numbers[start + count] == numbers[start] + count && numbers[start + count] < row.LiveCount; count++)
                {
                }

                moved += await appender.RepublishAsync(after, batch, numbers[start], start, count);
                after = new EntryId(row.Milliseconds, numbers[start] + count - 1);
                republished += count;
                start += count;
            }

            after = new EntryId(row.Milliseconds, row.LiveCount - 1);
        }

        // Where the last ones were not needed or are gone, the stream must end as if it had them.
        await appender.RepublishAsync(tail, null, 0, 0, 0);
        return (republished, moved, gone);
    }

    public static RelayConflictException Conflict(StreamName stream, EntryId id) => new(
        $"another event stands under id {id} of stream '{stream}' than the outbox has given that id to. Either two databases publish to this stream, or somebody wrote to it with an explicit id. "
        + $"Find out which; then remove that entry (XDEL {stream} {id}) and restart this service. A group that has handled that entry takes the outbox's event for done: handle it there by hand.");

    private static partial class Log
    {
        [LoggerMessage(311, LogLevel.Warning, "Stream '{Stream}' ended before what was published: {Count} events were put back under the ids they had, from after {Last} up to {Tail}.")]
        public static partial void Republished(ILogger logger, StreamName stream, int count, EntryId last, EntryId tail);

        [LoggerMessage(312, LogLevel.Warning, "{Count} entries of stream '{Stream}' that no relay wrote stood in the way and were moved to '{Foreign}', which keeps about the newest 100,000.")]
        public static partial void MovedForeign(ILogger logger, StreamName stream, int count, RedisKey foreign);

        [LoggerMessage(313, LogLevel.Error, "{Count} events that stream '{Stream}' lost between {Last} and {Tail} could not be put back: their rows are gone from bus.outbox. Groups that had not handled them never will.")]
        public static partial void EventsGone(ILogger logger, StreamName stream, int count, EntryId last, EntryId tail);
    }
}

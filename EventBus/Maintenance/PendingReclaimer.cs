using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Retrying;
using FanOut.EventBus.Telemetry;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Moves entries that nobody works on from a group's pending entries to its retry queue. It calls no handler. Its order is claim, commit,
/// acknowledge: after a crash between any two of them the entries become idle again, and the inbox knows which were moved. It claims them for a
/// consumer of its own, of a name that no other replica has.
/// </summary>
internal sealed partial class PendingReclaimer(
    IConnectionMultiplexer redis,
    NpgsqlDataSource postgres,
    ConsumerGroups groups,
    StreamOwnership ownership,
    RegisteredGroup group,
    string consumer,
    EventBusMetrics metrics,
    ILogger<PendingReclaimer> logger)
{
    private const int PageSize = 200;
    private const int MaxRefusals = 20;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstLockLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LockLimit = TimeSpan.FromMilliseconds(250);

    /// <summary>It knows no type: the data of events is not read.</summary>
    private static readonly DeliveryReader Reader = new(new EventTypeRegistry(), []);

    /// <summary>What a slow lane holds, and what could not be moved, is due again after this.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>Moves all entries of the group that have been idle for longer than it allows.</summary>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        if (await ownership.FindOwnEndAsync(group.Stream, cancellationToken) is null)
        {
            return;
        }

        PostgresException? refusal = null;
        RedisValue next = "0-0";
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            StreamAutoClaimResult claimed;
            try
            {
                claimed = await redis.GetDatabase().StreamAutoClaimAsync(
                    StreamKeys.Stream(group.Stream.Name), group.Name.Value, consumer, (long)group.ReclaimAfter.TotalMilliseconds, next, PageSize);
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
            {
                // One that was unregistered meanwhile must not come back: it left Postgres before it left Redis.
                if (await DoneThrough.ReadAsync(postgres, group, cancellationToken) is null)
                {
                    return;
                }

                await groups.CreateInRedisAsync(group);
                Log.Created(logger, group.Name, group.Stream.Name);
                return;
            }

            if (claimed.ClaimedEntries.Length > 0)
            {
                refusal = await MovePageAsync(claimed.ClaimedEntries, cancellationToken) ?? refusal;
            }

            next = claimed.NextStartId;
        }
        while (next != "0-0");
        if (refusal is not null)
        {
            throw refusal;
        }
    }

    /// <summary>
    /// Moves a page. Where a slow lane holds a position of it, or a row of it is refused, it is halved again and again, the largest parts
    /// first, so that the rest is not held up.
    /// </summary>
    /// <returns>Why a row was refused, for another reason than a lock.</returns>
    private async Task<PostgresException?> MovePageAsync(StreamEntry[] page, CancellationToken cancellationToken)
    {
        var parts = new Queue<Delivery[]>([[.. page.Select(Reader.Read).OrderBy(entry => entry.Event.Position)]]);
        var left = new List<Delivery>();
        PostgresException? refusal = null;
        var refusals = 0;
        try
        {
            while (parts.TryPeek(out var part))
            {
                try
                {
                    await MoveAsync(part, refusals == 0 ? FirstLockLimit : LockLimit, cancellationToken);
                    await redis.GetDatabase().StreamAcknowledgeAsync(
                        StreamKeys.Stream(group.Stream.Name), group.Name.Value, [.. part.Select(entry => entry.EntryId)]);
                }
                catch (PostgresException e) when (IsOfPart(e))
                {
                    refusals++;
                    refusal = IsLock(e) ? refusal : e;
                    if (part.Length > 1 && refusals < MaxRefusals)
                    {
                        parts.Enqueue(part[..(part.Length / 2)]);
                        parts.Enqueue(part[(part.Length / 2)..]);
                    }
                    else
                    {
                        left.AddRange(part);
                    }
                }

                parts.Dequeue();
            }
        }
        finally
        {
            await GiveBackAsync([.. left, .. parts.SelectMany(part => part)]);
        }

        return refusal;
    }

    private async Task MoveAsync(Delivery[] part, TimeSpan lockLimit, CancellationToken cancellationToken)
    {
        InboxCandidate[] candidates = [.. part.Where(entry => entry.Malformed is null).Select(Candidate)];
        await using var inbox = await InboxTransaction.BeginAsync(
            postgres, group, new InboxTimeouts(IdleLimit, lockLimit), candidates, cancellationToken);
        if (inbox.Subscriptions.Count == 0)
        {
            // The group is registered and none of its workers has ever run: nobody can tell which types are its own.
            throw new InvalidOperationException(
                $"Consumer group '{group.Name}' has pending entries, but no worker of it has subscribed to an event type yet: start one.");
        }

        var strays = part.Where(entry => entry.Malformed is null && inbox.Strays.Contains(Candidate(entry))).ToArray();
        var malformed = part.Where(entry => entry.Malformed is not null).ToArray();
        var fresh = part.Except([.. strays, .. malformed])
            .Where(entry => inbox.IsFresh(entry.Event.Position))
            .DistinctBy(entry => entry.Event.Position)
            .ToLookup(entry => inbox.Subscriptions.Contains(entry.Event.Type.ToString()));
        NewRetry[] rows =
        [
            .. fresh[true].Select(entry => NewRetry.Waiting(entry.Event, entry.EntryId, attempts: 0, TimeSpan.Zero)),
            .. strays.Select(entry => NewRetry.Stray(entry.Event, entry.EntryId!)),
            .. malformed.Select(entry => NewRetry.Malformed(entry.Fields, entry.EntryId!, entry.Malformed!)),
        ];
        await inbox.CommitAsync(rows.Length > 0 ? [RetryInsert.Command(group, rows)] : [], cancellationToken);
        metrics.Reclaimed(group.Stream.Name, group.Name, fresh[true].Count());
        metrics.Ignored(group.Stream.Name, group.Name, fresh[false].Count());
        metrics.Strays(group.Stream.Name, group.Name, strays.Length);
        metrics.DeadLettered(group.Stream.Name, group.Name, strays.Length + malformed.Length);
        if (rows.Length > 0)
        {
            Log.Moved(logger, group.Name, group.Stream.Name, fresh[true].Count(), strays.Length, malformed.Length);
        }
    }

    /// <summary>Lets any replica claim entries again soon, in place of when they have been idle for the full time.</summary>
    private async Task GiveBackAsync(Delivery[] entries)
    {
        if (entries.Length == 0)
        {
            return;
        }

        var idle = (long)Math.Max(0, (group.ReclaimAfter - RetryAfter).TotalMilliseconds);
        object[] arguments =
        [
            StreamKeys.Stream(group.Stream.Name), group.Name.Value, consumer, 0, .. entries.Select(entry => (object)entry.EntryId),
            "IDLE", idle, "JUSTID",
        ];
        try
        {
            await redis.GetDatabase().ExecuteAsync("XCLAIM", arguments);
        }
        catch (Exception e) when (EnvironmentFault.Is(e))
        {
            // They become idle all the same, only later.
        }
    }

    private static InboxCandidate Candidate(Delivery entry) => new(entry.Event.Position, entry.Event.Id);

    private static bool IsLock(PostgresException e) => e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected;

    /// <summary>Whether another part of the page may succeed.</summary>
    private static bool IsOfPart(PostgresException e) => IsLock(e) || !EnvironmentFault.Is(e);

    private static partial class Log
    {
        [LoggerMessage(510, LogLevel.Information,
            "Group '{Group}' of stream '{Stream}': moved {Moved} idle entries to the retry queue; "
            + "{Strays} that are no events of this outbox and {Malformed} that are no events at all are dead letters.")]
        public static partial void Moved(ILogger logger, GroupName group, StreamName stream, int moved, int strays, int malformed);

        [LoggerMessage(511, LogLevel.Warning,
            "Group '{Group}' of stream '{Stream}' was missing in Redis and was created again at the stream's beginning. "
            + "What it has done is not repeated.")]
        public static partial void Created(ILogger logger, GroupName group, StreamName stream);
    }
}

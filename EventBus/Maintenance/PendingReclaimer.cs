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
/// acknowledge: after a crash between any two of them the entries become idle again, and the inbox knows which were moved.
/// </summary>
/// <param name="redis">Where the stream is.</param>
/// <param name="postgres">Where the inbox and the retry queue are.</param>
/// <param name="groups">Creates the group in Redis where it is missing.</param>
/// <param name="ownership">Whether the stream is this database's.</param>
/// <param name="consumer">Claims the entries; a name that no other replica has.</param>
/// <param name="metrics">Counts what was moved.</param>
/// <param name="logger">Says what was moved.</param>
internal sealed partial class PendingReclaimer(
    IConnectionMultiplexer redis,
    NpgsqlDataSource postgres,
    ConsumerGroups groups,
    StreamOwnership ownership,
    string consumer,
    EventBusMetrics metrics,
    ILogger<PendingReclaimer> logger)
{
    private const int PageSize = 200;
    private const int MaxRefusals = 20;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstLockLimit = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LockLimit = TimeSpan.FromMilliseconds(250);

    /// <summary>What a slow lane holds, and what could not be moved, is due again after this.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>Moves all entries of the group that have been idle for longer than it allows.</summary>
    public async Task<bool> PassAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        if (await ownership.FindOwnEndAsync(group.Stream, cancellationToken) is null)
        {
            return false;
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
                    return false;
                }

                await groups.CreateInRedisAsync(group);
                Log.Created(logger, group.Name, group.Stream.Name);
                return false;
            }

            if (claimed.ClaimedEntries.Length > 0)
            {
                refusal = await MovePageAsync(group, claimed.ClaimedEntries, cancellationToken) ?? refusal;
            }

            next = claimed.NextStartId;
        }
        while (next != "0-0");
        return refusal is null ? false : throw refusal;
    }

    /// <summary>
    /// Moves a page. Where a slow lane holds a position of it, or a row of it is refused, it is halved again and again, the largest parts
    /// first, so that the rest is not held up.
    /// </summary>
    /// <returns>Why a row was refused, for another reason than a lock.</returns>
    private async Task<PostgresException?> MovePageAsync(RegisteredGroup group, StreamEntry[] page, CancellationToken cancellationToken)
    {
        var parts = new Queue<PendingEntry[]>([[.. page.Select(PendingEntry.Read).OrderBy(entry => entry.Position)]]);
        var left = new List<PendingEntry>();
        PostgresException? refusal = null;
        var refusals = 0;
        try
        {
            while (parts.TryPeek(out var part))
            {
                try
                {
                    await MoveAsync(group, part, refusals == 0 ? FirstLockLimit : LockLimit, cancellationToken);
                    await redis.GetDatabase().StreamAcknowledgeAsync(
                        StreamKeys.Stream(group.Stream.Name), group.Name.Value, [.. part.Select(entry => entry.Id)]);
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
            await GiveBackAsync(group, [.. left, .. parts.SelectMany(part => part)]);
        }

        return refusal;
    }

    private async Task MoveAsync(RegisteredGroup group, PendingEntry[] part, TimeSpan lockLimit, CancellationToken cancellationToken)
    {
        var candidates = part.Where(entry => entry.Error is null).Select(entry => entry.Candidate).ToArray();
        await using var inbox = await InboxTransaction.BeginAsync(
            postgres, group, new InboxTimeouts(IdleLimit, lockLimit), candidates, cancellationToken);
        if (inbox.Subscriptions.Count == 0)
        {
            // The group is registered and none of its workers has ever run: nobody can tell which types are its own.
            throw new InvalidOperationException(
                $"Consumer group '{group.Name}' has pending entries, but no worker of it has subscribed to an event type yet: start one.");
        }

        var fresh = part
            .Where(entry => entry.Error is null && inbox.IsFresh(entry.Position) && !inbox.Strays.Contains(entry.Candidate))
            .DistinctBy(entry => entry.Position)
            .ToLookup(entry => inbox.Subscriptions.Contains(entry.Event.Type.ToString()));
        var dead = part.Where(entry => entry.Error is not null || inbox.Strays.Contains(entry.Candidate)).ToArray();
        NewRetry[] rows =
        [
            .. fresh[true].Select(entry => NewRetry.Waiting(entry.Event, entry.Id.ToString(), attempts: 0, TimeSpan.Zero)),
            .. dead.Select(entry => entry.Error is { } error
                ? NewRetry.Malformed(entry.Fields, entry.Id.ToString(), error)
                : NewRetry.Stray(entry.Event, entry.Id.ToString())),
        ];
        await inbox.CommitAsync(rows.Length > 0 ? [RetryInsert.Command(group, rows)] : [], cancellationToken);
        var (moved, ignored) = (fresh[true].Count(), fresh[false].Count());
        var strays = dead.Count(entry => entry.Error is null);
        metrics.Reclaimed(group.Stream.Name, group.Name, moved);
        metrics.Ignored(group.Stream.Name, group.Name, ignored);
        metrics.Strays(group.Stream.Name, group.Name, strays);
        metrics.DeadLettered(group.Stream.Name, group.Name, dead.Length);
        if (rows.Length > 0)
        {
            Log.Moved(logger, group.Name, group.Stream.Name, moved, strays, dead.Length - strays);
        }
    }

    /// <summary>Lets any replica claim entries again soon, in place of when they have been idle for the full time.</summary>
    private async Task GiveBackAsync(RegisteredGroup group, PendingEntry[] entries)
    {
        if (entries.Length == 0)
        {
            return;
        }

        var idle = (long)Math.Max(0, (group.ReclaimAfter - RetryAfter).TotalMilliseconds);
        object[] arguments =
        [
            StreamKeys.Stream(group.Stream.Name), group.Name.Value, consumer, 0, .. entries.Select(entry => (object)entry.Id),
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

    private static bool IsLock(PostgresException e) => e.SqlState is PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.DeadlockDetected;

    /// <summary>Whether another part of the page may succeed.</summary>
    private static bool IsOfPart(PostgresException e) => IsLock(e) || !EnvironmentFault.Is(e);

    /// <param name="Id">Its id.</param>
    /// <param name="Fields">Its fields.</param>
    /// <param name="Event">The event it is.</param>
    /// <param name="Error">Why it is none; null where it is one.</param>
    private sealed record PendingEntry(RedisValue Id, NameValueEntry[] Fields, WireEvent Event, string? Error)
    {
        public long Position => Error is null ? Event.Position : 0;

        public InboxCandidate Candidate => new(Event.Position, Event.Id);

        public static PendingEntry Read(StreamEntry entry)
        {
            var error = WireEvent.TryRead(entry.Values, out var wire);
            return new PendingEntry(entry.Id, entry.Values, wire, error);
        }
    }

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

using FanOut.EventBus.Groups;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Maintenance;

/// <summary>
/// Gives a group what its stream has lost, from the outbox. It notes the stream's end together with the position that the relay had reached. Once the
/// group has nothing left to deliver or to acknowledge up to that end, what it has not taken up to that position is not going to come: Redis lost it,
/// somebody trimmed it, or Postgres lost that it was done. A mistake is harmless, for the inbox decides.
/// </summary>
internal sealed partial class LostEvents(
    IConnectionMultiplexer redis,
    NpgsqlDataSource postgres,
    StreamOwnership ownership,
    RegisteredGroup group,
    EventBusMetrics metrics,
    ILogger<LostEvents> logger)
{
    private const long Step = 1_000_000;
    private const long MaxStep = 64_000_000;
    private const int MaxPerStep = 5_000;
    private const int MaxWaiting = 10_000;
    private static readonly InboxTimeouts Timeouts = new(Idle: TimeSpan.FromSeconds(30), Lock: TimeSpan.FromSeconds(1));
    private static readonly EmbeddedScript AskScript = new("Maintenance.ask_passed.lua");
    private static readonly string FindSql = EmbeddedText.Read("Maintenance.find_lost_events.sql");
    private static readonly string InsertSql = EmbeddedText.Read("Maintenance.insert_lost_events.sql");
    private static readonly string WaitingSql = EmbeddedText.Read("Maintenance.count_waiting.sql");

    private StreamEnd? _noted;
    private long? _lostThrough;

    /// <summary>Takes a step.</summary>
    /// <returns>Whether there is more to take at once.</returns>
    public async Task<bool> PassAsync(CancellationToken cancellationToken)
    {
        if (_lostThrough is null)
        {
            var hasPassed = _noted is null ? null : await HasPassedAsync(_noted);
            if (hasPassed == false)
            {
                return false;
            }

            // A stream that was made anew, or went back, has another end.
            _lostThrough = hasPassed == true ? _noted!.Position : null;
            _noted = await ownership.FindOwnEndAsync(group.Stream, cancellationToken);
        }

        if (_lostThrough is not { } through)
        {
            return false;
        }

        var (hasMore, canGoOn) = await BringAsync(through, cancellationToken);
        _lostThrough = hasMore ? through : null;
        return hasMore && canGoOn;
    }

    private async Task<bool?> HasPassedAsync(StreamEnd end)
    {
        RedisValue[] values = [group.Name.Value, end.EntryId];
        return (int)await AskScript.RunAsync(redis.GetDatabase(), [StreamKeys.Stream(group.Stream.Name)], values) switch
        {
            1 => true,
            0 => false,
            _ => null,
        };
    }

    private async Task<(bool HasMore, bool CanGoOn)> BringAsync(long through, CancellationToken cancellationToken)
    {
        var lost = await FindAsync(through, cancellationToken);
        if (lost.Count == 0)
        {
            return (false, true);
        }

        if ((int)(await postgres.ScalarAsync(WaitingSql, [group.Id, MaxWaiting], cancellationToken))! >= MaxWaiting)
        {
            return (true, false);
        }

        await using var inbox = await InboxTransaction.BeginAsync(
            postgres, group, Timeouts, [.. lost.Select(found => new InboxCandidate(found.Position, found.Id))], cancellationToken);
        var fresh = lost.Where(found => inbox.IsFresh(found.Position)).ToArray();
        var mine = fresh.Where(found => inbox.Subscriptions.Contains(found.Type)).Select(found => found.Position).ToArray();
        if (inbox.Subscriptions.Count == 0)
        {
            // No worker of the group has ever run: nobody can tell which types are its own.
            return (true, false);
        }

        await inbox.CommitAsync(mine.Length == 0 ? [] : [InsertCommand(mine)], cancellationToken);
        metrics.Reconciled(group.Stream.Name, group.Name, mine.Length);
        metrics.Ignored(group.Stream.Name, group.Name, fresh.Length - mine.Length);
        if (mine.Length > 0)
        {
            Log.Brought(logger, group.Name, group.Stream.Name, mine.Length, mine[0], mine[^1]);
        }

        return (true, true);
    }

    private NpgsqlBatchCommand InsertCommand(long[] positions) =>
        new NpgsqlBatchCommand(group.Stream.Sql(InsertSql)).With(group.Id, positions, positions[0], positions[^1]);

    private async Task<List<LostEvent>> FindAsync(long through, CancellationToken cancellationToken)
    {
        var lost = new List<LostEvent>();
        if (await DoneThrough.ReadAsync(postgres, group, cancellationToken) is not { } from)
        {
            return lost;
        }

        await using var connection = await postgres.OpenConnectionAsync(cancellationToken);
        for (var step = Step; from < through && lost.Count == 0; step = Math.Min(step * 2, MaxStep))
        {
            var to = Math.Min(from + step, through);
            await using var batch = new NpgsqlBatch(connection)
            {
                BatchCommands =
                {
                    new("select set_config('jit', 'off', true)"),
                    new NpgsqlBatchCommand(group.Stream.Sql(FindSql)).With(group.Id, from, to, MaxPerStep),
                },
            };
            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            await reader.NextResultAsync(cancellationToken);
            lost = await reader.ReadAllAsync(
                row => new LostEvent(row.Get<long>("position"), row.Get<Guid>("id"), row.Get<string>("type")), cancellationToken);
            from = to;
        }

        return lost;
    }

    private readonly record struct LostEvent(long Position, Guid Id, string Type);

    private static partial class Log
    {
        [LoggerMessage(540, LogLevel.Warning,
            "Group '{Group}' of stream '{Stream}' never got {Count} events at positions {First} to {Last}, which Redis lost or somebody trimmed. "
            + "They come from the outbox by way of the retry queue.")]
        public static partial void Brought(ILogger logger, GroupName group, StreamName stream, int count, long first, long last);
    }
}

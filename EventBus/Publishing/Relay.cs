using System.Diagnostics;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Publishes the outbox to the stream, each event once, in three steps that can be repeated after a crash between any two: read rows, commit the ids they get, append them under those ids.
/// While one batch is being appended the next is read and fixed. One relay leads, on the session that holds the lock; those of the other replicas stand by.
/// </summary>
internal sealed partial class Relay(
    StreamName stream, NpgsqlDataSource dataSource, IConnectionMultiplexer redis, OutboxWakeUp wakeUp, OutboxBacklog backlog, RelayStatus status, ConsumerGroups groups, Telemetry.EventBusMetrics metrics,
    IOptions<OutboxOptions> options, TimeProvider time, ILogger<Relay> logger) : BackgroundService
{
    private const int ManyGaps = 10_000;
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Calm = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstLead = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestLead = TimeSpan.FromSeconds(1);

    private readonly OutboxOptions _options = options.Value;
    private readonly RelayMetrics _metrics = new(metrics, stream, status, backlog);
    private bool _warnedOfGaps;

    // While foreign entries keep getting in between: how far ahead of the clock ids are fixed, so that what others add meanwhile stays below them; and when the last one did.
    private TimeSpan _lead;
    private long _disturbedAt;

    private bool IsDisturbed => _lead > TimeSpan.Zero && time.GetElapsedTime(_disturbedAt) < Calm;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        QuietTrace.Enter();
        var retry = new Backoff(_options.MaxBackoff);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var session = await RelaySession.OpenAsync(dataSource, stoppingToken);
                while (!await session.TryLeadAsync(stoppingToken))
                {
                    status.Set(RelayState.Standby);
                    await Task.Delay(_options.StandbyInterval, time, stoppingToken);
                }

                using var leading = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var listening = ListenAsync(leading.Token);
                using var polling = time.CreateTimer(_ => wakeUp.Local.Set(), null, _options.PollInterval, _options.PollInterval);
                try
                {
                    await LeadAsync(session, retry, stoppingToken);
                }
                finally
                {
                    await leading.CancelAsync();
                    await listening;
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (RelayConflictException e)
            {
                _metrics.Conflict();
                status.Set(RelayState.Stopped, e.Message);
                return;
            }
            catch (PostgresException e)
            {
                status.Set(RelayState.WaitingForPostgres, $"it refused with {e.SqlState}, {e.MessageText}");
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or OperationCanceledException)
            {
                status.Set(RelayState.WaitingForPostgres, $"the session was lost, {e.Message}");
            }
            catch (Exception e)
            {
                // Of no known kind, and yet nothing is gained by ending the host: what was fixed will be appended by whoever leads next.
                var reason = $"{e.GetType().Name}: {e.Message}";
                if (status.Reason != reason)
                {
                    Log.Failed(logger, e);
                }

                status.Set(RelayState.WaitingForPostgres, reason);
            }

            await Task.Delay(retry.Next(), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        status.Set(RelayState.Standby);
    }

    private async Task LeadAsync(RelaySession session, Backoff postgres, CancellationToken cancellationToken)
    {
        var appender = new StreamAppender(redis, stream, _options.MaxStreamLength);
        var recovery = new StreamRecovery(stream, session, appender, groups, _metrics, logger);
        var (chain, gaps) = await session.LoadAsync(cancellationToken);
        await RecoverAsync(session, recovery, chain, cancellationToken);

        Sending? sending = null;
        var hasBegun = false;
        var streamLast = chain.Tip;
        var checkedAt = time.GetTimestamp();
        var fixedAt = checkedAt;
        var wasSmall = false;
        try
        {
            while (true)
            {
                cancellationToken.ThrowIfCancellationRequested();

                // A batch costs a commit and two round trips, however few events it has: where they come one by one, those of a moment share it. The first after a pause does not wait.
                if (wasSmall && _options.BatchInterval - time.GetElapsedTime(fixedAt) is var rest && rest > TimeSpan.Zero)
                {
                    await Task.Delay(rest, time, cancellationToken);
                }

                var (batch, opened, givenUp) = await session.ReadAsync(gaps, IsDisturbed ? Math.Min(_options.BatchSize, RelayBatch.MostInChunk) : _options.BatchSize, _options.BatchBytes, cancellationToken);
                Report(gaps, givenUp);
                if (batch is not null)
                {
                    chain = await session.FixAsync(chain, batch, Milliseconds(chain, streamLast), gaps, opened, cancellationToken);
                    postgres.Reset();
                    fixedAt = time.GetTimestamp();
                    wasSmall = batch.Count < RelayBatch.MostInChunk;
                }

                // Not before: where reading works and writing does not, this replica would lead and fail again and again.
                if (!hasBegun)
                {
                    hasBegun = true;
                    status.Set(RelayState.Leading);
                }

                if (sending is { } current)
                {
                    await AliveWhileAsync(session, current.Outcome, cancellationToken);
                    sending = null;
                    var outcome = await current.Outcome;
                    streamLast = Math.Max(streamLast, MillisecondsOf(outcome));
                    checkedAt = time.GetTimestamp();
                    if (outcome.Status != AppendStatus.Appended)
                    {
                        chain = await SettleAsync(session, appender, recovery, chain, gaps, batch is null ? [current] : [current, new Sending(batch)], outcome, cancellationToken);
                        streamLast = Math.Max(streamLast, chain.Tip);
                        continue;
                    }

                    Finish(current, null);
                    status.Set(RelayState.Leading);
                }

                if (batch is not null)
                {
                    sending = Send(appender, batch);
                    continue;
                }

                if (time.GetElapsedTime(checkedAt) >= _options.CheckInterval)
                {
                    var check = appender.CheckAsync(chain);
                    await AliveWhileAsync(session, check, cancellationToken);
                    var outcome = await check;
                    checkedAt = time.GetTimestamp();
                    if (outcome.Status == AppendStatus.Behind)
                    {
                        await RecoverAsync(session, recovery, chain, cancellationToken);
                    }
                    else if (outcome.Status == AppendStatus.Unknown)
                    {
                        status.Set(RelayState.WaitingForRedis, outcome.Reason);
                    }
                    else
                    {
                        streamLast = Math.Max(streamLast, MillisecondsOf(outcome));
                        status.Set(RelayState.Leading);
                    }
                }

                await wakeUp.Local.WaitAsync(cancellationToken);
            }
        }
        finally
        {
            // Mostly it is about to succeed, and then the next leader has nothing to put back.
            if (sending is { } last)
            {
                await Task.WhenAny(last.Outcome, Task.Delay(LastWord, time, CancellationToken.None));
                Finish(last, last.Outcome is { IsCompletedSuccessfully: true, Result.Status: AppendStatus.Appended } ? null : "the relay no longer leads; the next leader appends the rest");
            }
        }
    }

    /// <summary>Gets batches onto the stream whose appending did not go smoothly, one after the other, however long that takes.</summary>
    private async Task<RelayChain> SettleAsync(
        RelaySession session, StreamAppender appender, StreamRecovery recovery, RelayChain chain, GapTracker gaps, List<Sending> waiting, AppendOutcome outcome, CancellationToken cancellationToken)
    {
        var retry = new Backoff(_options.MaxBackoff);
        var sureOfBehind = false;
        while (true)
        {
            var first = waiting[0];
            switch (outcome.Status)
            {
                case AppendStatus.Appended:
                    Finish(first, null);
                    waiting.RemoveAt(0);
                    retry.Reset();
                    sureOfBehind = false;
                    break;

                case AppendStatus.Refused:
                case AppendStatus.Unknown:
                    status.Set(RelayState.WaitingForRedis, outcome.Reason);
                    await PauseAsync(session, retry.Next(), cancellationToken);
                    break;

                case AppendStatus.Behind when !sureOfBehind:
                    // Pipelined calls may have overtaken each other, or entries were trimmed meanwhile: ask again, alone and with the present floor.
                    sureOfBehind = true;
                    appender.Floor = await session.LoadFloorAsync(cancellationToken);
                    break;

                case AppendStatus.Ahead or AppendStatus.Conflict when first.Batch.NeverAppended && outcome.Index == first.Batch.Next && MillisecondsOf(outcome) is var foreign and < EntryId.MaxMilliseconds:
                    if (Disturbed(outcome.StreamLast, waiting, first.Batch.Next > 0))
                    {
                        await PauseAsync(session, retry.Next(), cancellationToken);
                    }

                    (chain, var replacement) = await session.ReplaceAsync(
                        chain, [.. waiting.Select(sending => sending.Batch)], Milliseconds(chain, foreign), gaps, cancellationToken);
                    _metrics.Replaced(replacement.Count);
                    waiting.ForEach(sending => Finish(sending, "a foreign entry got above it"));
                    waiting = [new Sending(replacement)];
                    break;

                case AppendStatus.Behind:
                case AppendStatus.Ahead:
                case AppendStatus.Conflict:
                    await RecoverAsync(session, recovery, chain, cancellationToken);
                    waiting.ForEach(sending =>
                    {
                        sending.Batch.Next = sending.Batch.Count;
                        Finish(sending, null);
                    });
                    return chain;

                default:
                    throw new UnreachableException();
            }

            if (waiting.Count == 0)
            {
                return chain;
            }

            waiting[0] = waiting[0].Trace is null ? Send(appender, waiting[0].Batch) : waiting[0] with { Outcome = AppendAsync(appender, waiting[0].Batch) };
            await AliveWhileAsync(session, waiting[0].Outcome, cancellationToken);
            outcome = await waiting[0].Outcome;
            if (outcome.Status is AppendStatus.Appended)
            {
                status.Set(RelayState.Leading);
            }
        }
    }

    /// <summary>Puts back what the stream lacks, however long Redis is away.</summary>
    private async Task RecoverAsync(RelaySession session, StreamRecovery recovery, RelayChain chain, CancellationToken cancellationToken)
    {
        for (var retry = new Backoff(_options.MaxBackoff); ;)
        {
            try
            {
                await recovery.RunAsync(chain, cancellationToken);
                if (status.State == RelayState.WaitingForRedis)
                {
                    status.Set(RelayState.Leading);
                }

                return;
            }
            catch (Exception e) when (e is RedisException or RedisTimeoutException or ObjectDisposedException)
            {
                status.Set(RelayState.WaitingForRedis, e is RedisServerException server && StreamAppender.IsOutOfMemory(server) ? "Redis is at its maxmemory" : e.Message);
                await PauseAsync(session, retry.Next(), cancellationToken);
            }
        }
    }

    private Sending Send(StreamAppender appender, RelayBatch batch)
    {
        var trace = SendTrace.Start(stream, batch);
        return new Sending(batch) { Trace = trace, Outcome = AppendAsync(appender, batch) };
    }

    private async Task<AppendOutcome> AppendAsync(StreamAppender appender, RelayBatch batch)
    {
        var started = time.GetTimestamp();
        var outcome = await appender.AppendAsync(batch);
        _metrics.Attempted(time.GetElapsedTime(started), outcome.Status switch
        {
            AppendStatus.Appended => null,
            AppendStatus.Refused => "refused",
            AppendStatus.Unknown => "no_answer",
            AppendStatus.Behind => "behind",
            AppendStatus.Ahead => "ahead",
            _ => "conflict",
        });
        return outcome;
    }

    private void Finish(Sending sending, string? error)
    {
        if (sending.Trace is { } trace)
        {
            trace.Stop(error);
            _metrics.Appended(sending.Batch.Next);
        }
    }

    /// <summary>Notes that foreign entries get in between, and says so when it begins.</summary>
    /// <returns>Whether it is time for a pause: it keeps happening, and nothing gets through.</returns>
    private bool Disturbed(string? foreign, List<Sending> waiting, bool madeProgress)
    {
        var again = IsDisturbed;
        if (!again)
        {
            _lead = FirstLead;
            Log.Replaced(logger, stream, foreign, waiting.Sum(sending => sending.Batch.Count - sending.Batch.Next), Calm);
        }
        else if (!madeProgress)
        {
            _lead = _lead * 2 < LongestLead ? _lead * 2 : LongestLead;
        }

        _disturbedAt = time.GetTimestamp();
        return again && !madeProgress;
    }

    private void Report(GapTracker gaps, long givenUp)
    {
        if (givenUp > 0)
        {
            _metrics.GaveUp(givenUp);
        }

        _metrics.GapsAre(gaps.Gaps.Count == 0 ? 0 : gaps.MissingCount);
        if (gaps.Gaps.Count > ManyGaps != _warnedOfGaps)
        {
            _warnedOfGaps = !_warnedOfGaps;
            if (_warnedOfGaps)
            {
                Log.ManyGaps(logger, gaps.Gaps.Count);
            }
        }
    }

    private async Task PauseAsync(RelaySession session, TimeSpan delay, CancellationToken cancellationToken)
    {
        await AliveWhileAsync(session, Task.Delay(delay, time, cancellationToken), cancellationToken);

        // The delay of a relay that is told to stop is over before it begins: where Redis refuses at once, nothing else would end the attempts.
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Lets the server hear from the session while something else takes its time, and notices when the session is lost.</summary>
    private async Task AliveWhileAsync(RelaySession session, Task task, CancellationToken cancellationToken)
    {
        while (!task.IsCompleted)
        {
            using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var ended = await Task.WhenAny(task, Task.Delay(KeepAlive, time, done.Token));
            await done.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (ended != task)
            {
                await session.PingAsync(cancellationToken);
            }
        }
    }

    /// <summary>Above the batch before and above whatever is on the stream; otherwise the present time.</summary>
    private long Milliseconds(RelayChain chain, long streamLast)
    {
        var now = time.GetUtcNow() + (IsDisturbed ? _lead : TimeSpan.Zero);
        var milliseconds = Math.Max(now.ToUnixTimeMilliseconds(), Math.Max(chain.Tip, streamLast < EntryId.MaxMilliseconds ? streamLast : 0) + 1);
        return milliseconds <= EntryId.MaxMilliseconds
            ? milliseconds
            : throw new RelayConflictException($"the next entry of stream '{stream}' would need more than {EntryId.MaxMilliseconds} milliseconds in its id. The clock of this host or of a former one was far ahead.");
    }

    private static long MillisecondsOf(AppendOutcome outcome)
    {
        var text = outcome.StreamLast.AsSpan();
        var dash = text.IndexOf('-');
        return dash < 0 ? 0 : ulong.TryParse(text[..dash], out var milliseconds) ? (long)Math.Min(milliseconds, long.MaxValue) : 0;
    }

    private async Task ListenAsync(CancellationToken cancellationToken)
    {
        var retry = new Backoff(_options.MaxBackoff);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await RelaySession.ListenAsync(dataSource, OutboxWakeUp.Channel, wakeUp.Local.Set, cancellationToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or OperationCanceledException)
            {
                // Polling stands in; and without Postgres there is nothing to be woken for.
                await Task.Delay(retry.Next(), time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private sealed record Sending(RelayBatch Batch)
    {
        public SendTrace? Trace { get; init; }

        public Task<AppendOutcome> Outcome { get; init; } = Task.FromResult(default(AppendOutcome));
    }

    private static partial class Log
    {
        [LoggerMessage(321, LogLevel.Warning, "Entry {Foreign}, which no relay wrote, got onto stream '{Stream}' above ids that were fixed but not used: their {Count} events get new ids. More of this is only counted, in fanout.relay.replaced, until there was none for {Calm}. Write to the stream through the outbox only.")]
        public static partial void Replaced(ILogger logger, StreamName stream, string? foreign, int count, TimeSpan calm);

        [LoggerMessage(322, LogLevel.Warning, "The relay watches {Count} gaps in the outbox, which slows it down. They cannot be told from events in flight while a transaction older than them is open: look for it in pg_stat_activity (order by xact_start), and set idle_in_transaction_session_timeout.")]
        public static partial void ManyGaps(ILogger logger, int count);

        [LoggerMessage(323, LogLevel.Error, "The relay failed and starts over.")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}

using System.Runtime.ExceptionServices;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// One consumer: a serial loop that handles first what is its own already (left by a failed acknowledgement, or handed over), then what is new. It keeps a batch until Postgres has committed it and Redis has been told.
/// </summary>
internal sealed partial class Lane(
    StreamName stream,
    GroupName group,
    ConsumerOptions options,
    LaneRedis redis,
    DeliveryReader reader,
    BatchProcessor processor,
    Settlement settlement,
    ConsumerGroups groups,
    PauseGate gate,
    GroupProgress progress,
    EventBusMetrics metrics,
    TimeProvider time,
    ILogger logger)
{
    private const int OwnPage = 200;
    private const int Strikes = 3;
    private static readonly TimeSpan SlowHandler = TimeSpan.FromSeconds(30);

    // How old the last look at what is pending may be before the lane waits for new entries: batches of a few that follow each other closely share one.
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);
    private readonly Backoff _backoff = new(time);
    private readonly Backoff _pause = new(time);
    private IReadOnlyList<Delivery> _held = [];
    private long _lastStep = time.GetTimestamp();
    private bool _mustLook = true;
    private bool _ownFailed;
    private bool _ownWaits;
    private bool _areFew;
    private long _lookedAt;
    private long _readAt;
    private string? _trouble;

    public string Name => redis.Consumer;

    /// <summary>Why the lane waits; null while it works.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <param name="stopping">Ends the loop after the batch in progress.</param>
    /// <param name="abandoning">Gives up the batch in progress: the host will not wait any longer.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken abandoning)
    {
        var read = new NewEntries([], []);

        // What was read ahead is handled before the loop ends: handed over instead, it would have lost a delivery without an attempt.
        while (!stopping.IsCancellationRequested || !read.IsEmpty)
        {
            try
            {
                if (read.IsEmpty)
                {
                    if (IsLookDue && !await LookAfterOwnAsync(stopping, abandoning))
                    {
                        continue;
                    }

                    if (gate.IsPaused)
                    {
                        _mustLook = true;
                        await _pause.WaitAsync(stopping);
                        continue;
                    }

                    await LingerAsync(stopping);
                    Step();
                    read = await redis.WaitForNewAsync();
                    _readAt = time.GetTimestamp();
                }

                _pause.Reset();
                Step();
                var delivered = read;
                read = new NewEntries([], []);
                await HandleNewAsync(redis.Stream, delivered.Stream, abandoning);
                await HandleNewAsync(redis.Redrive, delivered.Redrive, abandoning);

                // A read of fewer says that the stream has no more to give now.
                var hasMore = delivered.Count >= Math.Max(2, redis.BatchSize / 10);
                _areFew = delivered.Count > 1 && !hasMore;
                if (hasMore && !_ownWaits && !gate.IsPaused && !stopping.IsCancellationRequested)
                {
                    read = await ReadAheadAsync();
                }
                else
                {
                    _ownWaits = false;
                }

                Recovered();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested || abandoning.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                // Whatever was read and is not settled is pending with this lane: it comes up as its own.
                read = new NewEntries([], []);
                _mustLook = true;
                await WaitOutAsync(e, CancellationToken.None);
            }
        }
    }

    /// <summary>Whether the lane made a step lately; a lane that did not must lose its work.</summary>
    public bool IsStalled => time.GetElapsedTime(Volatile.Read(ref _lastStep)) > options.StallAfter;

    public async Task HeartbeatAsync()
    {
        var held = Volatile.Read(ref _held);
        var onStream = held.Count > 0 && held[0].Key == redis.Stream;
        (RedisValue, RedisValue) none = (RedisValue.EmptyString, RedisValue.EmptyString);
        var range = held.Count > 0 ? (held.MinBy(PendingOrder)!.PendingId, held.MaxBy(PendingOrder)!.PendingId) : none;
        var missing = await redis.HeartbeatAsync(onStream ? range : none, onStream ? none : range);
        if (missing > 0)
        {
            settlement.Missing(missing);
        }
    }

    public Task LeaveAsync() => redis.LeaveAsync();

    private bool IsLookDue => _mustLook || time.GetElapsedTime(_lookedAt) >= LookInterval;

    private static EntryId PendingOrder(Delivery delivery) => EntryId.TryParse(((ReadOnlyMemory<byte>)delivery.PendingId).Span, out var id) ? id : default;

    private void Step() => Volatile.Write(ref _lastStep, time.GetTimestamp());

    private async Task<(PendingSummary Stream, PendingSummary Redrive)> LookAsync()
    {
        var pending = await redis.PendingAsync();
        _lookedAt = time.GetTimestamp();
        var working = pending.Stream.Total - pending.Stream.Parked + pending.Redrive.Total - pending.Redrive.Parked;
        if (gate.Update(working))
        {
            if (gate.IsPaused)
            {
                Log.Paused(logger, group, stream, working, options.PauseAbove);
            }
            else
            {
                Log.Resumed(logger, group, stream, working);
            }
        }

        return pending;
    }

    /// <summary>Looks at what is pending, and handles what is this lane's own of it.</summary>
    /// <returns>Whether new entries have their turn.</returns>
    private async Task<bool> LookAfterOwnAsync(CancellationToken stopping, CancellationToken abandoning)
    {
        _mustLook = true;
        var pending = await LookAsync();
        Step();

        // What cannot be handled now must not keep new entries waiting for ever: after a failure they have a turn.
        if (_ownFailed)
        {
            _ownFailed = false;
            return true;
        }

        _ownFailed = true;
        await HandleOwnAsync(pending.Stream, pending.Redrive, abandoning);
        _ownFailed = false;
        _mustLook = pending.Stream.Own + pending.Redrive.Own > 0;
        return !_mustLook && !stopping.IsCancellationRequested;
    }

    /// <summary>
    /// A batch costs a commit and five round trips, however few events it has. Where they keep coming by two or some more, those of a moment share one; a lane that got a single event does not wait for the next.
    /// </summary>
    private async Task LingerAsync(CancellationToken stopping)
    {
        if (_areFew && options.BatchInterval - time.GetElapsedTime(_readAt) is var rest && rest > TimeSpan.Zero)
        {
            await Task.Delay(rest, time, stopping);
        }
    }

    /// <summary>
    /// While there is work, the next read goes out at once, and with it the look at what is pending. That includes what the read delivers: more than that is handed-over work, whose turn is after this read's.
    /// </summary>
    private async Task<NewEntries> ReadAheadAsync()
    {
        var next = redis.ReadNewAsync();
        var look = LookAsync();
        await Task.WhenAll(next, look);
        _readAt = time.GetTimestamp();
        var read = await next;
        var pending = await look;
        _ownWaits = pending.Stream.Own > read.Stream.Length || pending.Redrive.Own > read.Redrive.Length;
        _mustLook = _ownWaits;
        return read;
    }

    private async Task HandleOwnAsync(PendingSummary onStream, PendingSummary onRedrive, CancellationToken abandoning)
    {
        if (onStream.Own > 0)
        {
            await HandleOwnAsync(redis.Stream, abandoning);
        }

        if (onRedrive.Own > 0)
        {
            await HandleOwnAsync(redis.Redrive, abandoning);
        }
    }

    /// <summary>
    /// What is pending with this lane and not being worked on. One at a time: if it was left by a crash, one of them may be what crashed the worker, and each attempt is counted for one entry alone, just before
    /// its handler runs.
    /// </summary>
    private async Task HandleOwnAsync(RedisKey key, CancellationToken abandoning)
    {
        var pending = await redis.OwnPendingAsync(key, OwnPage);
        var entries = await redis.GetAsync(key, Array.ConvertAll(pending, entry => entry.MessageId));
        var found = new List<Delivery>(pending.Length);
        for (var i = 0; i < pending.Length; i++)
        {
            if (entries[i] is not { } entry)
            {
                metrics.Missing(stream, group, 1);
                Log.PendingEntryTrimmed(logger, Name, pending[i].MessageId.ToString(), key.ToString(), group);
                await redis.AcknowledgeAsync(key, [pending[i].MessageId]);
            }
            else if (reader.Read(key, entry, pending[i].DeliveryCount) is { } delivery)
            {
                found.Add(delivery);
            }
            else
            {
                await settlement.SetAsideAsync(key, entry);
            }
        }

        if (found.Count == 0)
        {
            return;
        }

        var settled = await processor.FindSettledAsync(found, abandoning);
        var areMoved = await settlement.TellRedisAsync(settled);
        Exception? fault = areMoved ? null : new InvalidOperationException("Dead letters could not be moved to the DLQ stream.");
        foreach (var delivery in settled.Open)
        {
            Step();
            try
            {
                await HandleOwnAsync(delivery, abandoning);
            }
            catch (Exception e) when (!Fault.IsEnvironment(e) && !abandoning.IsCancellationRequested)
            {
                Log.OwnEntryFailed(logger, Name, delivery.Entry, stream, group, e);
                fault = e;
            }
        }

        if (fault is not null)
        {
            ExceptionDispatchInfo.Throw(fault);
        }
    }

    private async Task HandleOwnAsync(Delivery delivery, CancellationToken abandoning)
    {
        if (delivery.Count >= options.MaxDeliveries)
        {
            await settlement.TellRedisAsync(await processor.DeadLetterAsync(delivery, error: null, abandoning));
        }
        else if (await redis.ClaimAsync(delivery.Key, delivery.PendingId))
        {
            metrics.Consumed(stream, group, 1);
            await HandleBatchAsync([delivery.Again()], abandoning);
        }
    }

    private async Task HandleNewAsync(RedisKey key, StreamEntry[] entries, CancellationToken abandoning)
    {
        if (entries.Length == 0)
        {
            return;
        }

        metrics.Consumed(stream, group, entries.Length);
        var batch = new List<Delivery>(entries.Length);
        foreach (var entry in entries)
        {
            if (reader.Read(key, entry, 1) is { } delivery)
            {
                batch.Add(delivery);
            }
            else
            {
                await settlement.SetAsideAsync(key, entry);
            }
        }

        // The stream delivers in the order of ids. A redrive stream need not, and may have the same entry twice.
        for (var rest = key == redis.Stream ? batch : [.. batch.OrderBy(delivery => delivery.Entry)]; rest.Count > 0;)
        {
            var first = key == redis.Stream ? rest : [.. rest.DistinctBy(delivery => delivery.Entry)];
            await HandleBatchAsync(first, abandoning);
            rest = first.Count == rest.Count ? [] : [.. rest.Except(first)];
        }
    }

    private async Task HandleBatchAsync(IReadOnlyList<Delivery> batch, CancellationToken abandoning)
    {
        Volatile.Write(ref _held, batch);
        try
        {
            var outcome = await CommitAsync(batch, abandoning);
            await UntilDoneAsync(() => settlement.TellRedisAsync(outcome), abandoning);
        }
        finally
        {
            Volatile.Write(ref _held, []);
        }
    }

    /// <summary>Handles a batch until it is committed. Faults of the environment are waited out with the batch in memory: nothing is counted against its events and nothing new is read.</summary>
    private async Task<BatchOutcome> CommitAsync(IReadOnlyList<Delivery> batch, CancellationToken abandoning)
    {
        var started = time.GetTimestamp();
        using var traces = BatchTrace.Start(stream, group, Name, batch);
        var oneByOne = batch.Any(delivery => delivery.Malformed is not null);
        long? commitsAtFirstFailure = null;
        TimeSpan? patience = null;
        var strikes = 0;
        while (true)
        {
            Step();
            var attempted = time.GetTimestamp();
            try
            {
                // That all fail alike speaks against the environment only while no other lane gets anything done.
                var othersSucceed = commitsAtFirstFailure is { } commits && progress.Commits > commits;
                var outcome = oneByOne
                    ? await processor.HandleOneByOneAsync(batch, patience, othersSucceed, traces, abandoning)
                    : await processor.HandleTogetherAsync(batch, patience, traces, abandoning);
                if (outcome.Handled > 0)
                {
                    progress.Committed();
                }

                metrics.Processed(stream, group, time.GetElapsedTime(started), outcome.Failed.Count + outcome.NewDeadLetters > 0 ? "event" : null);
                Recovered();
                return outcome;
            }
            catch (AllFailedAlikeException e)
            {
                commitsAtFirstFailure ??= progress.Commits;
                await WaitOutAsync(e, abandoning);
            }
            catch (Exception e) when (Fault.IsEnvironment(e) && !abandoning.IsCancellationRequested)
            {
                // A session ends when its transaction is idle for too long, so that a dead worker holds no locks. A handler that proved slow, and is alive, gets the time it needs.
                patience = time.GetElapsedTime(attempted) > SlowHandler ? options.StallAfter : patience;
                await WaitOutAsync(e, abandoning);

                // A statement that always runs into its timeout looks like a slow server, and would hold its lane for ever. While Postgres answers others, the events are handled each in a transaction of its
                // own, and one that fails so again and again is at fault itself.
                if (e is SuspectedHandlerException && await processor.IsPostgresWellAsync(abandoning) && ++strikes >= Strikes)
                {
                    return batch.Count == 1 ? await processor.BlameAsync(batch[0], e, traces, abandoning) : await CommitEachAsync(batch, abandoning);
                }
            }
            catch (Exception e) when (!oneByOne && !abandoning.IsCancellationRequested)
            {
                Log.HandlingOneByOne(logger, Name, batch.Count, Fault.Describe(e));
                oneByOne = true;
            }
        }
    }

    private async Task<BatchOutcome> CommitEachAsync(IReadOnlyList<Delivery> batch, CancellationToken abandoning)
    {
        var all = new BatchOutcome();
        foreach (var delivery in batch)
        {
            all.Add(await CommitAsync([delivery], abandoning));
        }

        return all;
    }

    private async Task UntilDoneAsync(Func<Task> action, CancellationToken abandoning)
    {
        while (true)
        {
            try
            {
                Step();
                await action();
                Recovered();
                return;
            }
            catch (Exception e) when (Fault.IsEnvironment(e) && !abandoning.IsCancellationRequested)
            {
                await WaitOutAsync(e, abandoning);
            }
        }
    }

    private async Task WaitOutAsync(Exception fault, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _trouble, Fault.Describe(fault)) is null)
        {
            Log.Waiting(logger, Name, group, stream, Fault.Describe(fault));
        }

        if (fault is RedisServerException { Message: var message } && message.StartsWith("NOGROUP", StringComparison.Ordinal))
        {
            try
            {
                if (await groups.EnsureAsync(stream, group, cancellationToken))
                {
                    Log.GroupCreated(logger, group, stream);
                }
            }
            catch (Exception e) when (Fault.IsEnvironment(e))
            {
                Log.GroupNotCreated(logger, group, stream, Fault.Describe(e));
            }
        }

        await _backoff.WaitAsync(cancellationToken);
    }

    private void Recovered()
    {
        _backoff.Reset();
        if (Interlocked.Exchange(ref _trouble, null) is { } trouble)
        {
            Log.Recovered(logger, Name, group, stream, trouble);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(201, LogLevel.Warning, "Lane {Lane} of group '{Group}' on stream '{Stream}' waits: {Reason}. Nothing is counted against events; it goes on by itself.")]
        public static partial void Waiting(ILogger logger, string lane, GroupName group, StreamName stream, string reason);

        [LoggerMessage(202, LogLevel.Information, "Lane {Lane} of group '{Group}' on stream '{Stream}' goes on after: {Reason}")]
        public static partial void Recovered(ILogger logger, string lane, GroupName group, StreamName stream, string reason);

        [LoggerMessage(203, LogLevel.Information, "Lane {Lane}: a batch of {Count} failed and is handled one by one: {Reason}")]
        public static partial void HandlingOneByOne(ILogger logger, string lane, int count, string reason);

        [LoggerMessage(205, LogLevel.Error, "Lane {Lane}: entry {Entry} was pending but is no longer on {Key} for group '{Group}': something trimmed or deleted it.")]
        public static partial void PendingEntryTrimmed(ILogger logger, string lane, string entry, string key, GroupName group);

        [LoggerMessage(207, LogLevel.Warning, "Group '{Group}' on stream '{Stream}' has {Pending} entries pending, more than EventBus:Consumer:PauseAbove = {Limit}: no new reads until it is below half.")]
        public static partial void Paused(ILogger logger, GroupName group, StreamName stream, long pending, long limit);

        [LoggerMessage(208, LogLevel.Information, "Group '{Group}' on stream '{Stream}' reads again: {Pending} entries pending.")]
        public static partial void Resumed(ILogger logger, GroupName group, StreamName stream, long pending);

        [LoggerMessage(210, LogLevel.Warning, "Group '{Group}' was missing on stream '{Stream}' and was created at its checkpoint; the inbox skips what was done.")]
        public static partial void GroupCreated(ILogger logger, GroupName group, StreamName stream);

        [LoggerMessage(211, LogLevel.Warning, "Group '{Group}' is missing on stream '{Stream}' and cannot be created now: {Reason}")]
        public static partial void GroupNotCreated(ILogger logger, GroupName group, StreamName stream, string reason);

        [LoggerMessage(214, LogLevel.Error, "Lane {Lane}: entry {Entry} of stream '{Stream}', pending in group '{Group}', could not be handled; the lane goes on with the others.")]
        public static partial void OwnEntryFailed(ILogger logger, string lane, EntryId entry, StreamName stream, GroupName group, Exception exception);
    }
}

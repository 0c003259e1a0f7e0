using FanOut.EventBus.Groups;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// One consumer: a serial loop that reads new entries, handles them in one transaction, and acknowledges them with the next read. It never reads its
/// own past: what it leaves pending, because it crashed or an acknowledgement was lost, is the reclaimer's, and the inbox knows what was done.
/// </summary>
internal sealed partial class Lane(
    RegisteredGroup group,
    ConsumerOptions options,
    LaneRedis redis,
    DeliveryReader reader,
    BatchProcessor processor,
    LaneGate gate,
    LaneServices services)
{
    private const int MaxStrikes = 3;
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(50);

    private readonly TimeProvider _time = services.Time;
    private readonly Backoff _backoff = new(services.Time);
    private readonly BatchSizing _size = new(options.BatchSize);
    private Task _acknowledged = Task.CompletedTask;
    private long? _lookedAt;
    private bool _hasMore;
    private string? _waitReason;

    public string Name => redis.Consumer;

    /// <summary>Why the lane does not work; null while it does.</summary>
    public string? WaitReason => Volatile.Read(ref _waitReason);

    /// <param name="stopping">Ends the loop after the batch in progress.</param>
    /// <param name="abandoning">Gives up the batch in progress: the host will not wait any longer.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken abandoning)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await services.Pause.WaitAsync(stopping);
                if (await IsHeldBackAsync(stopping))
                {
                    await _backoff.WaitAsync(stopping);
                    continue;
                }

                var entries = _hasMore ? await redis.ReadAsync(_size.Count) : await redis.WaitAndReadAsync(_size.Count);
                _hasMore = entries.Length >= Math.Max(2, _size.Count / 10);
                if (entries.Length > 0)
                {
                    await HandleAsync(entries, stopping, abandoning);
                }

                await ObserveAcknowledgedAsync();
                Recovered();
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested || abandoning.IsCancellationRequested)
            {
                break;
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
            {
                await WaitAsync("Redis does not have the group; it is created again.", stopping);
                if (!stopping.IsCancellationRequested)
                {
                    await CreateGroupAsync();
                }
            }
            catch (Exception e)
            {
                await WaitAsync(EnvironmentFault.Describe(e), stopping);
            }
        }

        await ObserveAcknowledgedAsync();
    }

    private async Task<bool> IsHeldBackAsync(CancellationToken cancellationToken)
    {
        if (_lookedAt is { } last && _time.GetElapsedTime(last) < LookInterval)
        {
            return false;
        }

        var (pending, outbox) = await redis.LookAsync();
        _lookedAt = _time.GetTimestamp();
        var reason = await gate.FindReasonAsync(pending, outbox, cancellationToken);
        if (reason is null)
        {
            return false;
        }

        _lookedAt = null;
        SetReason(reason);
        return true;
    }

    /// <summary>
    /// Handles entries until they are committed. Faults of Postgres are waited out with the batch in memory: nothing is counted against its events.
    /// Meanwhile the reclaimer may move them to the retry queue, for other workers; then the inbox says so.
    /// </summary>
    private async Task HandleAsync(StreamEntry[] entries, CancellationToken stopping, CancellationToken abandoning)
    {
        services.Metrics.Consumed(group.Stream.Name, group.Name, entries.Length);
        var batch = Array.ConvertAll(entries, reader.Read);
        for (var strikes = 0; ;)
        {
            var started = _time.GetTimestamp();
            try
            {
                var outcome = await processor.ProcessAsync(batch, strikes >= MaxStrikes, abandoning);
                var duration = _time.GetElapsedTime(started);
                _acknowledged = redis.AcknowledgeAsync(Array.ConvertAll(entries, entry => entry.Id));
                services.CommittedSince(started);
                _size.Observe(entries, duration);
                Report(outcome, duration);
                return;
            }
            catch (HandlerException e)
            {
                strikes++;
                services.Groups.Postgres.ClearIfReadOnly(e);
                await WaitAsync(EnvironmentFault.Describe(e.InnerException!), stopping);
            }
            catch (Exception e) when (EnvironmentFault.Is(e) && !abandoning.IsCancellationRequested)
            {
                services.Groups.Postgres.ClearIfReadOnly(e);
                await WaitAsync(EnvironmentFault.Describe(e), stopping);
            }

            // What the batch has left is the reclaimer's.
            stopping.ThrowIfCancellationRequested();
        }
    }

    private void Report(BatchOutcome outcome, TimeSpan duration)
    {
        Recovered();
        services.Report(group, outcome);
        services.Metrics.Processed(group.Stream.Name, group.Name, duration, outcome.ErrorType);
        if (outcome.Error is not null)
        {
            Log.EventsFailed(services.Logger, group.Name, group.Stream.Name, outcome.Retries, outcome.DeadLetters, outcome.Error);
        }

        if (outcome.Strays > 0)
        {
            Log.Strays(services.Logger, group.Name, group.Stream.Name, outcome.Strays);
        }
    }

    /// <summary>A lost acknowledgement leaves entries pending; the reclaimer finds that their positions are taken.</summary>
    private async Task ObserveAcknowledgedAsync()
    {
        try
        {
            await _acknowledged;
        }
        catch (Exception e) when (EnvironmentFault.Is(e))
        {
            Log.NotAcknowledged(services.Logger, Name, group.Name, EnvironmentFault.Describe(e));
        }

        _acknowledged = Task.CompletedTask;
    }

    private async Task CreateGroupAsync()
    {
        try
        {
            await services.Groups.CreateInRedisAsync(group);
        }
        catch (Exception e) when (EnvironmentFault.Is(e))
        {
            // The next read says so again.
        }
    }

    private async Task WaitAsync(string reason, CancellationToken cancellationToken)
    {
        SetReason(reason);
        await _backoff.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private void SetReason(string reason)
    {
        if (WaitReason is null)
        {
            Log.Paused(services.Logger, Name, group.Name, reason);
        }

        Volatile.Write(ref _waitReason, reason);
    }

    private void Recovered()
    {
        _backoff.Reset();
        if (WaitReason is not null)
        {
            Log.Resumed(services.Logger, Name, group.Name);
            Volatile.Write(ref _waitReason, null);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(201, LogLevel.Warning, "Lane {Lane} of group '{Group}' paused: {Reason} It retries automatically; no delivery is counted.")]
        public static partial void Paused(ILogger logger, string lane, GroupName group, string reason);

        [LoggerMessage(202, LogLevel.Information, "Lane {Lane} of group '{Group}' works again.")]
        public static partial void Resumed(ILogger logger, string lane, GroupName group);

        [LoggerMessage(203, LogLevel.Warning,
            "Events of group '{Group}' on stream '{Stream}' failed: {Retries} will be retried, {DeadLetters} became dead letters. "
            + "First error: {Error}")]
        public static partial void EventsFailed(ILogger logger, GroupName group, StreamName stream, int retries, int deadLetters, string error);

        [LoggerMessage(204, LogLevel.Error,
            "Group '{Group}' met {Count} entries of stream '{Stream}' that are not events of this outbox; they are dead letters. "
            + "Find out who else writes to this stream, or which events Postgres has lost.")]
        public static partial void Strays(ILogger logger, GroupName group, StreamName stream, int count);

        [LoggerMessage(205, LogLevel.Warning,
            "Lane {Lane} of group '{Group}' could not acknowledge a batch. Its effects are committed and will not be repeated: {Reason}")]
        public static partial void NotAcknowledged(ILogger logger, string lane, GroupName group, string reason);
    }
}

using FanOut.EventBus.Groups;
using FanOut.EventBus.Retrying;
using Microsoft.Extensions.Logging;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// Works off the retry queue of one group: many rows in one transaction, and what a claim of many left unfinished alone. It chooses the id of each
/// claim, so that after a lost reply it can read what the claim has: nothing is counted for a lost reply.
/// </summary>
internal sealed partial class RetryWorker(
    RegisteredGroup group,
    ConsumerOptions options,
    RetryQueue queue,
    DeliveryReader reader,
    RetryProcessor processor,
    string[] types,
    LaneServices services)
{
    private const int MaxStrikes = 3;

    private readonly Backoff _backoff = new(services.Time);
    private readonly BatchSizing _size = new(options.RetryBatchSize);
    private Guid _claim;
    private bool _isAlone;
    private bool _mustRead;
    private int _strikes;

    /// <param name="stopping">Ends the loop after the batch in progress.</param>
    /// <param name="abandoning">Gives up the batch in progress: the host will not wait any longer.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken abandoning)
    {
        for (var idle = 0; !stopping.IsCancellationRequested;)
        {
            try
            {
                var isReadAgain = _mustRead;
                if (!isReadAgain)
                {
                    await services.Pause.WaitAsync(stopping);
                }

                var rows = await ClaimAsync(stopping);
                if (rows.Count > 0)
                {
                    await HandleAsync(rows, abandoning);
                }

                // A claim of many, then one alone, in turn: neither keeps the other waiting.
                (_mustRead, _strikes, _isAlone) = (false, 0, !_isAlone);
                idle = rows.Count > 0 ? 0 : idle + 1;
                if (idle == 2)
                {
                    idle = 0;
                    await Task.Delay(options.RetryPollInterval, services.Time, stopping);
                }

                // That a claim has nothing may be read where nothing can be claimed.
                if (!isReadAgain || rows.Count > 0)
                {
                    _backoff.Reset();
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested || abandoning.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // What the claim has is read again.
                _mustRead = true;
                services.Groups.Postgres.ClearIfReadOnly(e);
                _strikes += e is HandlerException ? 1 : 0;
                if (_backoff.IsFirst)
                {
                    var reason = e is HandlerException { InnerException: { } inner } ? inner : e;
                    Log.Paused(services.Logger, group.Name, EnvironmentFault.Describe(reason));
                }

                await Task.WhenAny(_backoff.WaitAsync(stopping));
            }
        }
    }

    private async Task<IReadOnlyList<RetryRow>> ClaimAsync(CancellationToken cancellationToken)
    {
        if (_mustRead)
        {
            return await queue.ReadClaimAsync(_claim, cancellationToken);
        }

        _claim = Guid.NewGuid();
        if (!_isAlone)
        {
            return await queue.ClaimManyAsync(_claim, types, _size.Count, options.ReclaimAfter, cancellationToken);
        }

        return await queue.ClaimUnfinishedAsync(_claim, types, options.ReclaimAfter, cancellationToken) is { } row ? [row] : [];
    }

    private async Task HandleAsync(IReadOnlyList<RetryRow> rows, CancellationToken abandoning)
    {
        var started = services.Time.GetTimestamp();
        processor.Claim = _claim;
        var outcome = await processor.ProcessAsync(
            [.. rows.Select(row => reader.Read(row, isCounted: _isAlone))], blamesEvents: _strikes >= MaxStrikes, abandoning);
        var duration = services.Time.GetElapsedTime(started);
        services.CommittedSince(started);
        _size.Observe(rows.Count, duration, rows.Sum(row => (long)row.Event.Data.Length));
        services.Report(group, outcome);
        services.Metrics.Processed(group.Stream.Name, group.Name, duration, outcome.ErrorType);
        if (outcome.Error is not null)
        {
            Log.EventsFailed(services.Logger, group.Name, group.Stream.Name, outcome.Retries, outcome.DeadLetters, outcome.Error);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(211, LogLevel.Warning, "The retries of group '{Group}' paused: {Reason} They resume automatically; no delivery is counted.")]
        public static partial void Paused(ILogger logger, GroupName group, string reason);

        [LoggerMessage(212, LogLevel.Warning,
            "Retried events of group '{Group}' on stream '{Stream}' failed: {Retries} will be retried, {DeadLetters} became dead letters. "
            + "First error: {Error}")]
        public static partial void EventsFailed(ILogger logger, GroupName group, StreamName stream, int retries, int deadLetters, string error);
    }
}

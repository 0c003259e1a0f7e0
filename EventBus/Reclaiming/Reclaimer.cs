using System.Diagnostics;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Ledger;
using FanOut.EventBus.Retention;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace FanOut.EventBus.Reclaiming;

/// <summary>Looks after all groups of the stream, again and again. Any number of replicas may run.</summary>
internal sealed partial class Reclaimer(
    IOptions<EventBusOptions> busOptions,
    IOptions<ReclaimerOptions> options,
    IOptions<RetentionOptions> retention,
    RegisteredGroups registered,
    GroupReclaimer reclaimer,
    Checkpoints checkpoints,
    InboxCompaction compaction,
    InboxLedger ledger,
    StreamTrimmer trimmer,
    OutboxRetention outbox,
    StreamSampler sampler,
    ReclaimerMetrics metrics,
    TimeProvider time,
    ILogger<Reclaimer> logger) : BackgroundService
{
    private readonly StreamName _stream = new(busOptions.Value.Stream);
    private long? _compacted;
    private long? _trimmed;
    private readonly Dictionary<GroupName, long> _verified = [];
    private string? _trouble;

    /// <summary>Why the last pass failed; null where it succeeded.</summary>
    public string? Trouble => Volatile.Read(ref _trouble);

    /// <summary>Looks after all groups once.</summary>
    public async Task PassAsync(CancellationToken cancellationToken)
    {
        var groups = await registered.FindAsync(_stream, cancellationToken);
        var reached = new Dictionary<GroupName, EntryId>();
        foreach (var group in groups)
        {
            if (await reclaimer.ReclaimAsync(group, cancellationToken) is { } checkpoint && checkpoint > group.Checkpoint)
            {
                reached[group.Name] = checkpoint;
            }
        }

        if (reached.Count > 0)
        {
            await checkpoints.RaiseAsync(_stream, reached, cancellationToken);
        }

        await sampler.SampleAsync(cancellationToken);
        if (IsDue(_compacted, options.Value.CompactInterval))
        {
            foreach (var group in groups)
            {
                await reclaimer.TryAsync(group, "compact the inbox", async () => metrics.Merged(group, await compaction.CompactAsync(group.Stream, group.Name, group.Checkpoint, cancellationToken)));
            }

            _compacted = time.GetTimestamp();
        }

        foreach (var group in groups)
        {
            // A group that missed something may have missed more: it is looked at again in the next pass.
            if (IsDue(_verified.TryGetValue(group.Name, out var verified) ? verified : null, options.Value.LedgerInterval))
            {
                var redelivered = 0;
                await reclaimer.TryAsync(group, "compare the inbox with the outbox", async () => redelivered = await ledger.CheckAsync(group, cancellationToken));
                if (redelivered == 0)
                {
                    _verified[group.Name] = time.GetTimestamp();
                }
                else
                {
                    _verified.Remove(group.Name);
                }
            }
        }

        if (IsDue(_trimmed, retention.Value.Interval))
        {
            try
            {
                await trimmer.TrimAsync(_stream, groups, cancellationToken);
            }
            finally
            {
                await outbox.RemoveAsync(_stream, cancellationToken);
            }

            _trimmed = time.GetTimestamp();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // What is done every second belongs to nobody's trace: below a parent that is not recorded the clients' spans are not recorded either.
        using var untraced = new Activity("reclaim") { ActivityTraceFlags = ActivityTraceFlags.None }.Start();
        var backoff = new Backoff(time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await PassAsync(stoppingToken);
                Succeeded();
                backoff.Reset();
                await Task.Delay(options.Value.Interval, time, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                Failed(e);
                await backoff.WaitAsync(stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private bool IsDue(long? last, TimeSpan interval) => last is not { } then || time.GetElapsedTime(then) >= interval;

    private void Succeeded()
    {
        metrics.PassEnded(succeeded: true);
        if (Interlocked.Exchange(ref _trouble, null) is { } trouble)
        {
            Log.Recovered(logger, _stream, trouble);
        }
    }

    private void Failed(Exception e)
    {
        metrics.PassEnded(succeeded: false);
        var isEnvironment = Fault.IsEnvironment(e);
        var before = Interlocked.Exchange(ref _trouble, Fault.Describe(e));

        // While a server is away its errors change with every attempt; what else goes wrong is told whenever it changes.
        if (before is null || (!isEnvironment && before != _trouble))
        {
            Log.Failed(logger, _stream, Fault.Describe(e), isEnvironment ? null : e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(521, LogLevel.Warning, "The reclaimer of stream '{Stream}' waits and tries again: {Reason}")]
        public static partial void Failed(ILogger logger, StreamName stream, string reason, Exception? exception);

        [LoggerMessage(522, LogLevel.Information, "The reclaimer of stream '{Stream}' goes on after: {Reason}")]
        public static partial void Recovered(ILogger logger, StreamName stream, string reason);
    }
}

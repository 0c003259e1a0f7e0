using FanOut.EventBus.Consuming;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>
/// Looks after one group at a time. Each step may race with the same step of another reclaimer. What goes wrong with one group holds up no other; what goes wrong with Redis or Postgres as a whole is thrown.
/// </summary>
internal sealed partial class GroupReclaimer(
    ConsumerGroups groups,
    HandOver handOver,
    ExhaustedEntries exhausted,
    MissingEntries missing,
    DeadLanes deadLanes,
    Redrive redrive,
    Checkpoints checkpoints,
    StreamSampler sampler,
    ReclaimerMetrics metrics,
    IOptions<ReclaimerOptions> options,
    TimeProvider time,
    ILogger<GroupReclaimer> logger)
{
    private const int MostPages = 50;
    private const int PendingPerInterval = 20_000;
    private readonly Dictionary<(GroupName Group, string Step), string> _troubles = [];
    private readonly Dictionary<RedisKey, RedisValue> _next = [];
    private readonly Dictionary<GroupName, DateTimeOffset> _notBefore = [];
    private readonly HashSet<GroupName> _deserted = [];

    /// <returns>How far the group has got; null where that can't be told.</returns>
    public async Task<EntryId?> ReclaimAsync(RegisteredGroup group, CancellationToken cancellationToken)
    {
        // Dead letters first: an entry that Postgres says is dead leaves the pending entries for the DLQ stream, never for a lane.
        (HashSet<string> Stream, HashSet<string> Redrive) dead = ([], []);
        var isSafe = await TryAsync(group, "mirror dead letters", async () =>
        {
            var (stream, redrive, failure) = await exhausted.ProjectAsync(group, cancellationToken);
            dead = (stream, redrive);
            if (failure is not null)
            {
                throw failure;
            }
        });
        if (isSafe || dead.Stream.Count + dead.Redrive.Count > 0)
        {
            await RecoverAsync(group, dead, cancellationToken);
        }

        await TryAsync(group, "redrive", () => redrive.CareAsync(group.Stream, group.Name, cancellationToken));
        await TryAsync(group, "remove dead lanes", () => RemoveDeadLanesAsync(group));
        EntryId? reached = null;
        await TryAsync(group, "take the checkpoint", async () => reached = await checkpoints.SnapshotAsync(group, cancellationToken));
        return reached;
    }

    /// <summary>Runs a step, and says once what is wrong with it and once that it works again.</summary>
    /// <returns>Whether it succeeded.</returns>
    /// <exception cref="Exception">A fault of the environment.</exception>
    public async Task<bool> TryAsync(RegisteredGroup group, string step, Func<Task> action)
    {
        try
        {
            await action();
        }
        catch (Exception e) when (IsOfTheGroup(e))
        {
            if (!_troubles.TryGetValue((group.Name, step), out var known) || known != e.Message)
            {
                _troubles[(group.Name, step)] = e.Message;
                Log.StepFailed(logger, group.Name, group.Stream, step, Fault.Describe(e), e is RedisServerException ? null : e);
            }

            return false;
        }

        if (_troubles.Remove((group.Name, step), out var trouble))
        {
            Log.StepRecovered(logger, group.Name, group.Stream, step, trouble);
        }

        return true;
    }

    private static bool IsOfTheGroup(Exception exception) => exception switch
    {
        OperationCanceledException => false,

        // Somebody holds one of its rows for long. Where that is so with all groups, each says it for itself.
        PostgresException { SqlState: PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.QueryCanceled or PostgresErrorCodes.DeadlockDetected } => true,
        RedisServerException server => !(server.Message.StartsWith("LOADING", StringComparison.Ordinal) || server.Message.StartsWith("MASTERDOWN", StringComparison.Ordinal)
            || server.Message.StartsWith("READONLY", StringComparison.Ordinal) || server.Message.StartsWith("CLUSTERDOWN", StringComparison.Ordinal) || server.Message.StartsWith("BUSY ", StringComparison.Ordinal)),
        _ => !Fault.IsEnvironment(exception),
    };

    private async Task RecoverAsync(RegisteredGroup group, (HashSet<string> Stream, HashSet<string> Redrive) dead, CancellationToken cancellationToken)
    {
        if (_notBefore.TryGetValue(group.Name, out var notBefore) && time.GetUtcNow() < notBefore)
        {
            return;
        }

        var recovered = await TryAsync(group, "hand over", async () =>
        {
            try
            {
                var waiting = await RecoverAsync(group, redriven: false, dead.Stream, cancellationToken) + await RecoverAsync(group, redriven: true, dead.Redrive, cancellationToken);
                NoteLanes(group, waiting);
            }
            catch (RedisServerException e) when (e.Message.StartsWith("NOGROUP", StringComparison.Ordinal))
            {
                await groups.EnsureAsync(group.Stream, group.Name, cancellationToken);
                Log.Created(logger, group.Name, group.Stream, group.Checkpoint);
            }
        });

        // To find what is due Redis looks at everything that is pending, in about 85 ns an entry: the more there is, the rarer it is asked.
        var held = sampler.Latest?.Groups.FirstOrDefault(sample => sample.Group == group.Name) is { } sample ? sample.Pending + sample.Parked : 0;
        if (recovered && held > PendingPerInterval)
        {
            _notBefore[group.Name] = time.GetUtcNow() + (options.Value.Interval * ((double)held / PendingPerInterval));
        }
    }

    /// <returns>How many entries wait because no lane is alive.</returns>
    private async Task<int> RecoverAsync(RegisteredGroup group, bool redriven, HashSet<string> dead, CancellationToken cancellationToken)
    {
        var key = redriven ? group.RedriveKey : group.StreamKey;
        var waiting = 0;
        for (var pages = 0; pages < MostPages; pages++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var page = await handOver.RunAsync(group, redriven, _next.GetValueOrDefault(key, HandOver.Start), dead);
            _next.Remove(key);
            metrics.HandedOver(group, page.Given);
            if (page.Given > 0)
            {
                Log.HandedOver(logger, group.Name, group.Stream, page.Given, page.LiveLanes);
            }

            if (page.Missing.Length > 0)
            {
                await missing.ReportAsync(group, redriven, page.Missing, cancellationToken);
            }

            foreach (var entry in page.Exhausted)
            {
                await TryAsync(group, $"dead-letter {entry.Id}", () => exhausted.DeadLetterAsync(group, redriven, entry, cancellationToken));
            }

            waiting += page.LiveLanes == 0 ? page.Waiting : 0;
            if (page.Next.IsNullOrEmpty)
            {
                return waiting;
            }

            _next[key] = page.Next;
        }

        return waiting;
    }

    private void NoteLanes(RegisteredGroup group, int waiting)
    {
        if (waiting > 0 && _deserted.Add(group.Name))
        {
            Log.NoLane(logger, group.Name, group.Stream, waiting, group.ReclaimAfter);
        }
        else if (waiting == 0 && _deserted.Remove(group.Name))
        {
            Log.LanesAgain(logger, group.Name, group.Stream);
        }
    }

    private async Task RemoveDeadLanesAsync(RegisteredGroup group)
    {
        var removed = await deadLanes.RemoveAsync(group);
        metrics.Removed(group, removed.Length);
        if (removed.Length > 0)
        {
            Log.LanesRemoved(logger, group.Name, group.Stream, string.Join(", ", removed));
        }
    }

    private static partial class Log
    {
        [LoggerMessage(511, LogLevel.Error, "Group '{Group}' of stream '{Stream}': cannot {Step}, and tries again: {Reason}")]
        public static partial void StepFailed(ILogger logger, GroupName group, StreamName stream, string step, string reason, Exception? exception);

        [LoggerMessage(512, LogLevel.Information, "Group '{Group}' of stream '{Stream}': can {Step} again, after: {Reason}")]
        public static partial void StepRecovered(ILogger logger, GroupName group, StreamName stream, string step, string reason);

        [LoggerMessage(513, LogLevel.Debug, "Group '{Group}' of stream '{Stream}': gave {Count} entries to {Lanes} live lane(s).")]
        public static partial void HandedOver(ILogger logger, GroupName group, StreamName stream, int count, int lanes);

        [LoggerMessage(514, LogLevel.Warning, "Group '{Group}' of stream '{Stream}' has {Count} entries that nobody has worked on for {ReclaimAfter}, and no live lane to give them to: start a worker of that group.")]
        public static partial void NoLane(ILogger logger, GroupName group, StreamName stream, int count, TimeSpan reclaimAfter);

        [LoggerMessage(515, LogLevel.Information, "Group '{Group}' of stream '{Stream}' has no more entries that wait for a live lane.")]
        public static partial void LanesAgain(ILogger logger, GroupName group, StreamName stream);

        [LoggerMessage(516, LogLevel.Information, "Group '{Group}' of stream '{Stream}': removed the consumers of dead lanes: {Lanes}")]
        public static partial void LanesRemoved(ILogger logger, GroupName group, StreamName stream, string lanes);

        [LoggerMessage(517, LogLevel.Warning, "Group '{Group}' of stream '{Stream}' was missing in Redis and was created at its checkpoint {Checkpoint}. What it has done since is delivered again and skipped.")]
        public static partial void Created(ILogger logger, GroupName group, StreamName stream, EntryId checkpoint);
    }
}

using Microsoft.Extensions.Logging;

namespace FanOut.EventBus.Publishing;

/// <summary>What this process' relay is doing. Logs changes, not repetitions: an outage of an hour is two lines.</summary>
internal sealed partial class RelayStatus(StreamName stream, ILogger<RelayStatus> logger)
{
    private const int ManyGaps = 10_000;

    private volatile Snapshot _current = new(RelayState.Standby, null);
    private bool _hasManyGaps;
    private bool _isTrimming;

    public RelayState State => _current.State;

    public string? Reason => _current.Reason;

    public bool Leads => _current.State is RelayState.Leading or RelayState.WaitingForRedis;

    public void Set(RelayState state, string? reason = null)
    {
        var before = _current;
        _current = new(state, reason);
        if (before.State == state && (state != RelayState.Stopped || before.Reason == reason))
        {
            return;
        }

        switch (state)
        {
            case RelayState.Leading when before.State == RelayState.WaitingForRedis:
                Log.RedisIsBack(logger, stream);
                break;
            case RelayState.Leading:
                Log.Leads(logger, stream);
                break;
            case RelayState.Standby:
                Log.StandsBy(logger, stream);
                break;
            case RelayState.WaitingForRedis:
                Log.WaitsForRedis(logger, stream, reason);
                break;
            case RelayState.WaitingForPostgres:
                Log.WaitsForPostgres(logger, stream, reason);
                break;
            case RelayState.Stopped:
                Log.Stopped(logger, stream, reason);
                break;
        }
    }

    public void Failed(Exception exception)
    {
        if (Reason != exception.Message)
        {
            Log.Failed(logger, stream, exception);
        }
    }

    public void StreamMadeAnew(string reason, long position) => Log.StreamMadeAnew(logger, stream, reason, position);

    public void Gaps(int count)
    {
        if (count >= ManyGaps && !_hasManyGaps)
        {
            Log.ManyGaps(logger, stream, count);
        }

        _hasManyGaps = count >= ManyGaps;
    }

    public void Trimmed(long count)
    {
        if (count > 0 && !_isTrimming)
        {
            Log.Trimming(logger, stream);
            _isTrimming = true;
        }
    }

    private sealed record Snapshot(RelayState State, string? Reason);

    private static partial class Log
    {
        [LoggerMessage(301, LogLevel.Information, "This replica's relay of stream '{Stream}' leads: it publishes the outbox to the stream.")]
        public static partial void Leads(ILogger logger, StreamName stream);

        [LoggerMessage(302, LogLevel.Information, "This replica's relay of stream '{Stream}' stands by while another one leads.")]
        public static partial void StandsBy(ILogger logger, StreamName stream);

        [LoggerMessage(303, LogLevel.Warning,
            "The relay of stream '{Stream}' waits for Redis, and the outbox keeps the events meanwhile: {Reason}. It tries again until it succeeds.")]
        public static partial void WaitsForRedis(ILogger logger, StreamName stream, string? reason);

        [LoggerMessage(304, LogLevel.Information, "Redis takes entries of stream '{Stream}' again: the relay continues.")]
        public static partial void RedisIsBack(ILogger logger, StreamName stream);

        [LoggerMessage(305, LogLevel.Warning, "The relay of stream '{Stream}' waits for Postgres: {Reason}. It tries again until it succeeds.")]
        public static partial void WaitsForPostgres(ILogger logger, StreamName stream, string? reason);

        [LoggerMessage(306, LogLevel.Critical, "The relay of stream '{Stream}' writes nothing: {Reason}. It looks again every few seconds.")]
        public static partial void Stopped(ILogger logger, StreamName stream, string? reason);

        [LoggerMessage(307, LogLevel.Error, "The relay of stream '{Stream}' failed and starts over.")]
        public static partial void Failed(ILogger logger, StreamName stream, Exception exception);

        [LoggerMessage(308, LogLevel.Warning,
            "Stream '{Stream}' was made anew because {Reason}. The relay continues behind position {Position}. What the stream has lost comes from "
            + "the outbox. Events may stand on the stream twice; each takes effect once.")]
        public static partial void StreamMadeAnew(ILogger logger, StreamName stream, string reason, long position);

        [LoggerMessage(309, LogLevel.Warning,
            "The relay of stream '{Stream}' watches {Count} gaps in the outbox, which slows it down. They cannot be told from events in flight while "
            + "a transaction older than them is open: look for it in pg_stat_activity (order by xact_start), and set "
            + "idle_in_transaction_session_timeout.")]
        public static partial void ManyGaps(ILogger logger, StreamName stream, int count);

        [LoggerMessage(310, LogLevel.Warning,
            "Stream '{Stream}' has reached EventBus:Outbox:MaxStreamLength: its oldest entries are trimmed though a group may have yet to read them. "
            + "That group gets their events from the outbox, more slowly. Look for a group that lags, or raise the limit.")]
        public static partial void Trimming(ILogger logger, StreamName stream);
    }
}

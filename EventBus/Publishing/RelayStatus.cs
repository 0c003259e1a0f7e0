using Microsoft.Extensions.Logging;

namespace FanOut.EventBus.Publishing;

/// <summary>What this process' relay is doing. Logs changes, not repetitions: an outage of an hour is two lines.</summary>
internal sealed partial class RelayStatus(ILogger<RelayStatus> logger)
{
    private volatile Snapshot _current = new(RelayState.Standby, null);

    public RelayState State => _current.State;

    public string? Reason => _current.Reason;

    public bool Leads => _current.State is RelayState.Leading or RelayState.WaitingForRedis;

    public void Set(RelayState state, string? reason = null)
    {
        var before = _current;
        if (before.State == state && before.Reason == reason)
        {
            return;
        }

        _current = new(state, reason);
        if (before.State == state)
        {
            return;
        }

        switch (state)
        {
            case RelayState.Leading when before.State == RelayState.WaitingForRedis:
                Log.RedisIsBack(logger);
                break;
            case RelayState.Leading:
                Log.Leads(logger);
                break;
            case RelayState.Standby:
                Log.StandsBy(logger);
                break;
            case RelayState.WaitingForRedis:
                Log.WaitsForRedis(logger, reason);
                break;
            case RelayState.WaitingForPostgres:
                Log.WaitsForPostgres(logger, reason);
                break;
            case RelayState.Stopped:
                Log.Stopped(logger, reason);
                break;
        }
    }

    private sealed record Snapshot(RelayState State, string? Reason);

    private static partial class Log
    {
        [LoggerMessage(301, LogLevel.Information, "This replica's relay leads: it publishes the outbox to the stream.")]
        public static partial void Leads(ILogger logger);

        [LoggerMessage(302, LogLevel.Information, "This replica's relay stands by while another one leads.")]
        public static partial void StandsBy(ILogger logger);

        [LoggerMessage(303, LogLevel.Warning, "The relay waits, the outbox holds what is published meanwhile: Redis takes no entries, {Reason}.")]
        public static partial void WaitsForRedis(ILogger logger, string? reason);

        [LoggerMessage(304, LogLevel.Information, "Redis takes entries again: the relay goes on.")]
        public static partial void RedisIsBack(ILogger logger);

        [LoggerMessage(305, LogLevel.Warning, "The relay waits for Postgres and gives events no ids meanwhile: {Reason}. It tries again until it succeeds.")]
        public static partial void WaitsForPostgres(ILogger logger, string? reason);

        [LoggerMessage(306, LogLevel.Critical, "The relay has stopped and publishes nothing more: {Reason}")]
        public static partial void Stopped(ILogger logger, string? reason);
    }
}

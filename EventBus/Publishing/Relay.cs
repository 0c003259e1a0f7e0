using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Publishes the outbox to the stream, in sessions, while this process holds the lease. Those of the other replicas stand by and read nothing.
/// </summary>
internal sealed class Relay(
    OutboxReader reader, StreamAppender appender, RelayLease lease, OutboxWakeUp wakeUp, RelayStatus status, RelayMetrics metrics,
    OutboxOptions options, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan LastWord = TimeSpan.FromSeconds(1);
    private readonly Backoff _retry = new(time, max: options.MaxBackoff);
    private bool _isSubscribed;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        QuietTrace.Enter();
        using (time.CreateTimer(_ => wakeUp.Local.Set(), null, options.PollInterval, options.PollInterval))
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                var wait = await TryLeadAsync(stoppingToken);
                await Task.Delay(wait ?? _retry.Next(), time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        status.Set(RelayState.Standby);
        await StopLeadingAsync();
    }

    /// <returns>How long to wait until the next attempt; null for a backoff.</returns>
    private async Task<TimeSpan?> TryLeadAsync(CancellationToken cancellationToken)
    {
        RelaySession? session = null;
        try
        {
            if (!await lease.TryTakeAsync())
            {
                await reader.CloseAsync();
                await CheckStateAsync(cancellationToken);
                status.Set(RelayState.Standby);
                return lease.Interval;
            }

            if (!_isSubscribed)
            {
                await appender.Subscriber.SubscribeAsync(StreamKeys.Wake(reader.Stream.Name), OnWake);
                _isSubscribed = true;
            }

            session = new RelaySession(reader, appender, lease, wakeUp.Local, status, metrics, options, time);
            await session.RunAsync(cancellationToken);
            return session.HasProgressed ? TimeSpan.Zero : null;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return TimeSpan.Zero;
        }
        catch (StateException e)
        {
            status.Set(RelayState.Stopped, e.Message);
            return options.MaxBackoff;
        }
        catch (Exception e) when (e is RedisException or RedisTimeoutException)
        {
            status.Set(RelayState.WaitingForRedis, e is RedisServerException server && EnvironmentFault.IsOutOfMemory(server)
                ? "it is at its maxmemory"
                : e.Message);
        }
        catch (Exception e) when (EnvironmentFault.Is(e) || e is TimeoutException or IOException)
        {
            status.Set(RelayState.WaitingForPostgres, e is PostgresException postgres ? $"{postgres.SqlState}, {postgres.MessageText}" : e.Message);
        }
        catch (Exception e)
        {
            // Of no known kind, and yet nothing is gained by ending the host: the next session reads where it stands.
            status.Failed(e);
            status.Set(RelayState.WaitingForPostgres, e.Message);
        }
        finally
        {
            if (session is { HasProgressed: true })
            {
                _retry.Reset();
            }
        }

        return null;
    }

    /// <summary>Another system's relay may hold the lease: then none of this system publishes, and a person has to know.</summary>
    private async Task CheckStateAsync(CancellationToken cancellationToken)
    {
        if ((await appender.ReadAsync()).State is not { } state)
        {
            return;
        }

        var history = await reader.ReadHistoryAsync(cancellationToken);
        if (!state.IsOf(history))
        {
            throw StateException.NotOwn(reader.Stream.Name, state, history);
        }
    }

    private async Task StopLeadingAsync()
    {
        try
        {
            await reader.CloseAsync();
            await lease.ReleaseAsync().WaitAsync(LastWord, time);
            await appender.Subscriber.UnsubscribeAsync(StreamKeys.Wake(reader.Stream.Name), OnWake).WaitAsync(LastWord, time);
        }
        catch (Exception e) when (EnvironmentFault.Is(e) || e is TimeoutException or ObjectDisposedException)
        {
            // Another replica takes the lease when it has not changed for a while.
        }
    }

    private void OnWake(RedisChannel channel, RedisValue value) => wakeUp.Local.Set();
}

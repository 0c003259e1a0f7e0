using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Tells the leading relay that there are events: at once where it is in this process, otherwise by PUBLISH, at most once in
/// <see cref="OutboxOptions.NotifyInterval"/>. Should it get lost, the relay's polling finds the events.
/// </summary>
internal sealed class OutboxWakeUp(StreamName stream, IConnectionMultiplexer redis, RelayStatus status, OutboxOptions options, TimeProvider time)
    : BackgroundService
{
    private readonly OutboxSignal _remote = new();
    private long _addedAt = long.MinValue;

    /// <summary>What the relay of this process waits for.</summary>
    public OutboxSignal Local { get; } = new();

    /// <summary>A transaction adds events.</summary>
    public void Adding() => Volatile.Write(ref _addedAt, time.GetTimestamp());

    public void Committed() => (status.Leads ? Local : _remote).Set();

    /// <summary>A transaction was committed that began at a timestamp; nobody knows whether it is one that has added events.</summary>
    public void CommittedSince(long began)
    {
        if (Volatile.Read(ref _addedAt) >= began)
        {
            Committed();
        }
    }

    public override void Dispose()
    {
        _remote.Dispose();
        Local.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        QuietTrace.Enter();
        while (!stoppingToken.IsCancellationRequested)
        {
            await _remote.WaitAsync(stoppingToken);
            var wait = options.NotifyInterval;
            try
            {
                await redis.GetDatabase().PublishAsync(StreamKeys.Wake(stream), RedisValue.EmptyString);
            }
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // Whatever it is, the relay polls.
                wait = options.PollInterval;
            }

            await Task.Delay(wait, time, stoppingToken);
        }
    }
}

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
    /// <summary>How long after an event was added its transaction may commit and still be noticed at once.</summary>
    private static readonly TimeSpan MaxTransaction = TimeSpan.FromMinutes(1);

    private readonly OutboxSignal _remote = new();
    private readonly long _created = time.GetTimestamp();
    private long _addedAt;

    /// <summary>What the relay of this process waits for.</summary>
    public OutboxSignal Local { get; } = new();

    /// <summary>A transaction adds events.</summary>
    public void Adding() => Volatile.Write(ref _addedAt, time.GetTimestamp() - _created + 1);

    public void Committed() => (status.Leads ? Local : _remote).Set();

    /// <summary>A transaction was committed; nobody knows whether it is one that has added events.</summary>
    public void SomethingCommitted()
    {
        if (Volatile.Read(ref _addedAt) is > 0 and var added && time.GetElapsedTime(_created + added) < MaxTransaction)
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

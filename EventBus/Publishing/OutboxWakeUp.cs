using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Tells the leading relay that there are events: at once where it is in this process, otherwise by NOTIFY, at most once per <see cref="OutboxOptions.NotifyInterval"/> and in a transaction of its own,
/// for in each order's transaction it would cost half the throughput. Should it get lost, the relay's polling finds the events.
/// </summary>
internal sealed class OutboxWakeUp(NpgsqlDataSource dataSource, RelayStatus status, IOptions<OutboxOptions> options, TimeProvider time) : BackgroundService
{
    public const string Channel = "fanout_outbox";

    private readonly OutboxSignal _remote = new();

    /// <summary>What the relay of this process waits for.</summary>
    public OutboxSignal Local { get; } = new();

    public void Committed() => (status.Leads ? Local : _remote).Set();

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
            try
            {
                await using var command = dataSource.CreateCommand($"notify {Channel}");
                await command.ExecuteNonQueryAsync(stoppingToken);
                await Task.Delay(options.Value.NotifyInterval, time, stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                await Task.Delay(options.Value.PollInterval, time, stoppingToken);
            }
        }
    }
}

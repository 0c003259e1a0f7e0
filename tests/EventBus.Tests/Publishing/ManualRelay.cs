using FanOut.EventBus.Publishing;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>A relay that is run session by session, or taken apart; on connections of the test's choice.</summary>
internal sealed class ManualRelay : IAsyncDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    private ManualRelay(BusWorld bus, IConnectionMultiplexer redis, NpgsqlDataSource postgres, OutboxStart start, OutboxOptions options)
    {
        var (stream, time) = (bus.Stream, TimeProvider.System);
        Status = new RelayStatus(stream, NullLogger<RelayStatus>.Instance);
        Backlog = new OutboxBacklog(start, postgres, options, time);
        Reader = new OutboxReader(start, postgres, options, TimeProvider.System);
        Appender = new StreamAppender(stream, redis, options);
        var metrics = new RelayMetrics(
            new EventBusMetrics(_services.GetRequiredService<System.Diagnostics.Metrics.IMeterFactory>()), stream, Status, Backlog);
        NewSession = signal =>
            new RelaySession(Reader, Appender, new RelayLease(stream, redis, options, time), signal, Status, metrics, options, time);
    }

    public RelayStatus Status { get; }

    public OutboxBacklog Backlog { get; }

    public OutboxReader Reader { get; }

    public StreamAppender Appender { get; }

    private Func<OutboxSignal, RelaySession> NewSession { get; }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ManualRelay> CreateAsync(
        BusWorld bus, IConnectionMultiplexer redis, NpgsqlDataSource postgres, Action<OutboxOptions>? configure = null)
    {
        var options = new OutboxOptions { BatchInterval = TimeSpan.Zero };
        configure?.Invoke(options);
        var migrator = BusWorld.NothingToMigrate(bus.Postgres);
        var start = new OutboxStart(bus.Stream, migrator, bus.Catalog, bus.Postgres, TimeProvider.System, NullLogger<OutboxStart>.Instance);
        await start.StartingAsync(Cancellation);
        return new ManualRelay(bus, redis, postgres, start, options);
    }

    /// <summary>Runs sessions for ever; faults are waited out.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var signal = new OutboxSignal();
        await using var polling = new Timer(_ => signal.Set(), null, TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(5));
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await NewSession(signal).RunAsync(cancellationToken);
            }
            catch (Exception e) when (EnvironmentFault.Is(e) || e is StateException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, cancellationToken);
            }
        }
    }

    /// <summary>Runs one session.</summary>
    public async Task RunOnceAsync(CancellationToken cancellationToken)
    {
        using var signal = new OutboxSignal();
        await NewSession(signal).RunAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await Reader.DisposeAsync();
        Backlog.Dispose();
        await _services.DisposeAsync();
    }
}

using FanOut.EventBus.Groups;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>The relay's own steps, run one at a time, so that a test can stop between any two of them.</summary>
internal sealed class ManualRelay : IAsyncDisposable
{
    private readonly OutboxWorld _world;
    private RelayChain _chain;
    private readonly GapTracker _gaps;

    private ManualRelay(OutboxWorld world, RelaySession session, RelayChain chain, GapTracker gaps)
    {
        _world = world;
        Session = session;
        _chain = chain;
        _gaps = gaps;
        Appender = new StreamAppender(world.Connection, world.Stream, 0);
    }

    public RelaySession Session { get; }

    public StreamAppender Appender { get; }

    public GapTracker Gaps => _gaps;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ManualRelay> StartAsync(OutboxWorld world)
    {
        var session = await RelaySession.OpenAsync(world.Postgres, Cancellation);
        await BusWorld.UntilAsync(() => session.TryLeadAsync(Cancellation), () => "the relay's lock");
        var (chain, gaps) = await session.LoadAsync(Cancellation);
        return new ManualRelay(world, session, chain, gaps);
    }

    public async Task<RelayBatch?> FixAsync(int most = 2_000, long? milliseconds = null)
    {
        var (batch, opened, _) = await Session.ReadAsync(_gaps, most, 1 << 20, Cancellation);
        if (batch is not null)
        {
            _chain = await Session.FixAsync(_chain, batch, milliseconds ?? Math.Max(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds(), _chain.Tip + 1), _gaps, opened, Cancellation);
        }

        return batch;
    }

    public async Task<Guid[]> PublishAsync()
    {
        var batch = await FixAsync();
        if (batch is null)
        {
            return [];
        }

        Assert.Equal(AppendStatus.Appended, (await Appender.AppendAsync(batch)).Status);
        return batch.Ids;
    }

    /// <summary>Gives the events of batches at the end of the chain, of which nothing was appended, new ids above what got in between.</summary>
    public async Task<RelayBatch> ReplaceAsync(IReadOnlyList<RelayBatch> dead, EntryId foreign)
    {
        (_chain, var replacement) = await Session.ReplaceAsync(_chain, dead, Math.Max(foreign.Milliseconds, _chain.Tip) + 1, _gaps, Cancellation);
        return replacement;
    }

    /// <summary>Looks whether the stream still ends as it should.</summary>
    public Task<AppendOutcome> CheckAsync() => Appender.CheckAsync(_chain);

    /// <summary>Puts back what the stream lacks, as a leader does first.</summary>
    public async Task RecoverAsync()
    {
        using var host = _world.Build();
        var services = host.Services;
        var metrics = new RelayMetrics(services.GetRequiredService<EventBusMetrics>(), _world.Stream, services.GetRequiredService<RelayStatus>(), services.GetRequiredService<OutboxBacklog>());
        await new StreamRecovery(_world.Stream, Session, Appender, services.GetRequiredService<ConsumerGroups>(), metrics, NullLogger.Instance).RunAsync(_chain, Cancellation);
    }

    public ValueTask DisposeAsync() => Session.DisposeAsync();
}

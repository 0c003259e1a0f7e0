using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;

namespace FanOut.EventBus.Publishing;

/// <summary>Counts once a second how many events wait in the outbox. It counts positions, so those of transactions that roll back are counted until the relay has passed them.</summary>
internal sealed class OutboxBacklog(NpgsqlDataSource dataSource, IOptions<OutboxOptions> options, TimeProvider time) : BackgroundService
{
    // A day's worth of seconds: beyond that the age is no longer exact.
    private const int MostSamples = 86_400;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly string Sample = EmbeddedText.Read("Publishing.sample_backlog.sql");

    // When which position was the newest, for as long as the relay has not passed it.
    private readonly Queue<(long Position, DateTimeOffset At)> _waiting = new();
    private long _newest;
    private long _events;
    private long _ageTicks;
    private volatile bool _isFull;

    public long Events => Volatile.Read(ref _events);

    public TimeSpan Age => TimeSpan.FromTicks(Volatile.Read(ref _ageTicks));

    public bool IsFull => _isFull;

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Sample);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        Take(reader.GetInt64(0), reader.GetInt64(1));
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        QuietTrace.Enter();
        using var timer = new PeriodicTimer(Interval, time);
        do
        {
            try
            {
                await MeasureAsync(stoppingToken);
            }
            catch (Exception e) when (e is NpgsqlException or TimeoutException)
            {
                // The relay says that Postgres is away, and without it nothing is added.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private void Take(long newest, long published)
    {
        var now = time.GetUtcNow();
        var events = Math.Max(0, newest - published);
        if (events > 0 && newest > _newest && _waiting.Count < MostSamples)
        {
            _newest = newest;
            _waiting.Enqueue((newest, now));
        }

        while (_waiting.TryPeek(out var oldest) && oldest.Position <= published)
        {
            _waiting.Dequeue();
        }

        Volatile.Write(ref _events, events);
        Volatile.Write(ref _ageTicks, _waiting.TryPeek(out var first) ? (now - first.At).Ticks : 0);
        _isFull = events >= options.Value.MaxBacklog || (_isFull && events >= options.Value.MaxBacklog / 10.0 * 9);
    }
}

using FanOut.EventBus.Telemetry;
using Microsoft.Extensions.Hosting;
using Npgsql;

namespace FanOut.EventBus.Publishing;

/// <summary>
/// Counts once a second how many events wait in the outbox, and notes in Postgres how far this process' relay has published. It counts positions, so
/// those of transactions that roll back are counted until the relay has passed them.
/// </summary>
internal sealed class OutboxBacklog(OutboxStart start, NpgsqlDataSource postgres, OutboxOptions options, TimeProvider time) : BackgroundService
{
    // A day's worth of seconds: beyond that the age is no longer exact.
    private const int MaxSamples = 86_400;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly string AdvanceSql = EmbeddedText.Read("Publishing.advance_published.sql");
    private static readonly string SampleSql = EmbeddedText.Read("Publishing.sample_backlog.sql");

    // When which position was the newest, for as long as the relay has not passed it.
    private readonly Queue<(long Position, DateTimeOffset At)> _waiting = new();
    private volatile StreamState? _reached;
    private StreamState? _noted;
    private long _published;
    private long _newest;
    private long _events;
    private long _ageTicks;
    private volatile bool _isFull;

    public long Events => Volatile.Read(ref _events);

    public TimeSpan Age => TimeSpan.FromTicks(Volatile.Read(ref _ageTicks));

    public bool IsFull => _isFull;

    /// <summary>The relay of this process has put events on the stream.</summary>
    public void Reached(StreamState state) => _reached = state;

    public async Task MeasureAsync(CancellationToken cancellationToken)
    {
        if (_reached is { } reached && reached != _noted)
        {
            await using var advance = postgres.CreateCommand(AdvanceSql);
            advance.Parameters.AddWithValue(start.Stream.Id);
            advance.Parameters.AddWithValue(reached.Position);
            advance.Parameters.AddWithValue(reached.Generation);
            advance.Parameters.AddWithValue(reached.Outbox);
            await advance.ExecuteNonQueryAsync(cancellationToken);
            _noted = reached;
        }

        await using var command = postgres.CreateCommand(start.Stream.Sql(SampleSql));
        command.Parameters.AddWithValue(start.Stream.Id);
        command.Parameters.AddWithValue(_published);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        if (await reader.ReadAsync(cancellationToken))
        {
            Take(reader.GetFieldValue<long>(reader.GetOrdinal("highest")), reader.GetFieldValue<long>(reader.GetOrdinal("published")));
        }
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
            catch (Exception) when (!stoppingToken.IsCancellationRequested)
            {
                // The relay says what is wrong with Postgres. Also a refusal must not end the host: rights and passwords change.
            }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false));
    }

    private void Take(long newest, long published)
    {
        var now = time.GetUtcNow();
        var events = Math.Max(0, newest - published);
        _published = published;
        if (events > 0 && newest > _newest && _waiting.Count < MaxSamples)
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
        _isFull = events >= options.MaxBacklog || (_isFull && events >= options.MaxBacklog / 10.0 * 9);
    }
}

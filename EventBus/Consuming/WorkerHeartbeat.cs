using FanOut.EventBus.Groups;
using Npgsql;

namespace FanOut.EventBus.Consuming;

/// <summary>
/// Writes how this process runs a group and what it has finished, and reads whether the group is paused. While Postgres does not answer, what was
/// read last counts.
/// </summary>
internal sealed class WorkerHeartbeat(RegisteredGroup group, string name, int lanes, LaneServices services)
{
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private static readonly string BeatSql = EmbeddedText.Read("Consuming.write_worker.sql");
    private static readonly string FinishedSql = EmbeddedText.Read("Consuming.add_finished.sql");

    private readonly DateTimeOffset _startedAt = services.Time.GetUtcNow();
    private readonly MeanRate _rate = new(5 * Interval);
    private long _finished;

    /// <param name="reason">Why a lane does not work; null while all do.</param>
    /// <param name="isStopped">Whether this process has ended its work for the group.</param>
    /// <param name="cancellationToken">Ends the wait for Postgres.</param>
    public async Task BeatAsync(string? reason, bool isStopped, CancellationToken cancellationToken)
    {
        var finished = services.Finished.Take();
        _finished += finished.Count;
        var rate = _rate.Observe(services.Time.GetElapsedTime(0), _finished).PerSecond;
        try
        {
            await using var batch = services.Groups.Postgres.CreateBatch();
            batch.BatchCommands.Add(new NpgsqlBatchCommand(BeatSql).With(
                group.Id, name, _startedAt, lanes, new NpgsqlParameter<string?> { TypedValue = reason }, isStopped, rate));
            if (finished.Count > 0)
            {
                var last = Array.FindLastIndex(finished.Delays, count => count > 0);
                batch.BatchCommands.Add(new NpgsqlBatchCommand(FinishedSql).With(group.Id, finished.Count, finished.Delays[..(last + 1)]));
            }

            await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
            if (await reader.ReadAsync(cancellationToken))
            {
                services.Pause.Set(reader.Get<DateTimeOffset?>("paused_at"), reader.Get<string?>("paused_by"));
            }
        }
        catch
        {
            services.Finished.GiveBack(finished);
            _finished -= finished.Count;
            throw;
        }
    }
}

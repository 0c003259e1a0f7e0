using System.Data;
using System.Diagnostics;

namespace FanOut.Bench.Latency;

/// <summary>Writes a row per event, and records when it got the events and when the lane closed the connection, right after the commit.</summary>
internal sealed class LatencyHandler(LatencyRecorders recorders) : IEventBatchHandler<TimedEvent>
{
    private static readonly string InsertEffects = EmbeddedSql.Read("Consume.insert_effects.sql");

    public async Task HandleAsync(EventBatch<TimedEvent> batch, CancellationToken cancellationToken)
    {
        var now = Stopwatch.GetTimestamp();
        var events = new TimedEvent[batch.Count];
        for (var i = 0; i < events.Length; i++)
        {
            events[i] = batch[i].Data;
            recorders.Handled.Record(events[i].Number, events[i].Due, now);
        }

        await using var command = new NpgsqlCommand(InsertEffects, batch.Connection);
        command.Parameters.AddWithValue(batch.Group.Value);
        command.Parameters.AddWithValue(Array.ConvertAll(events, item => item.Order.OrderId));
        command.Parameters.AddWithValue(Array.ConvertAll(events, item => item.Order.Total));
        await command.PrepareAsync(cancellationToken);
        await command.ExecuteNonQueryAsync(cancellationToken);
        batch.Connection.StateChange += OnClosed;

        void OnClosed(object sender, StateChangeEventArgs change)
        {
            if (change.CurrentState == ConnectionState.Closed)
            {
                ((NpgsqlConnection)sender).StateChange -= OnClosed;
                var committed = Stopwatch.GetTimestamp();
                foreach (var item in events)
                {
                    recorders.Committed.Record(item.Number, item.Due, committed);
                }
            }
        }
    }
}

/// <summary>An event that carries when it was due to be published, as a timestamp of this process.</summary>
internal sealed record TimedEvent(int Number, long Due, BenchOrder Order)
{
    public const string EventType = "bench.timed";
}

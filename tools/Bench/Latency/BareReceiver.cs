using System.Diagnostics;
using FanOut.EventBus.Redis;
using FanOut.EventBus.Wire;

namespace FanOut.Bench.Latency;

/// <summary>The limit: a blocked XREADGROUP on its own connection that only records when each event was due.</summary>
internal sealed class BareReceiver(ConnectionMultiplexer connection, StreamName stream, LatencyRecorder recorder)
{
    private const string Group = "bare";

    public async Task RunAsync(CancellationToken stopping)
    {
        var redis = connection.GetDatabase();
        await redis.StreamCreateConsumerGroupAsync(StreamKeys.Stream(stream), Group, StreamPosition.NewMessages, createStream: true);
        object[] read = ["GROUP", Group, "c", "COUNT", 500, "BLOCK", 500, "NOACK", "STREAMS", StreamKeys.Stream(stream), ">"];
        while (!stopping.IsCancellationRequested)
        {
            var reply = await redis.ExecuteAsync("XREADGROUP", read);
            var now = Stopwatch.GetTimestamp();
            foreach (var (_, entries) in StreamReply.Read(reply))
            {
                foreach (var entry in entries)
                {
                    var timed = JsonSerializer.Deserialize(((ReadOnlyMemory<byte>)entry[EventFields.Data]).Span, BenchJson.Default.TimedEvent)!;
                    recorder.Record(timed.Number, timed.Due, now);
                }
            }
        }
    }
}

using System.Text.Json;
using FanOut.EventBus;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.Bench.Running;

/// <summary>Fills a stream as the relay would: entry k of a batch has the id ms-k.</summary>
internal static class BenchStream
{
    private const int BatchSize = 1_000;

    public static async Task FillAsync(IDatabase redis, StreamName stream, int count, CancellationToken cancellationToken)
    {
        var time = EventFields.FormatTime(TimeProvider.System.GetUtcNow());
        var start = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() - (count / BatchSize) - 60_000;
        var added = new Task<RedisValue>[BatchSize];
        for (var number = 0; number < count; number += BatchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var size = Math.Min(BatchSize, count - number);
            for (var k = 0; k < size; k++)
            {
                var order = BenchOrder.Create(number + k);
                NameValueEntry[] fields =
                [
                    new(EventFields.Id, Guid.CreateVersion7().ToString()),
                    new(EventFields.Type, BenchOrder.EventType),
                    new(EventFields.Source, "bench"),
                    new(EventFields.Subject, order.OrderId.ToString()),
                    new(EventFields.Time, time),
                    new(EventFields.Data, JsonSerializer.SerializeToUtf8Bytes(order, BenchJson.Default.BenchOrder)),
                    new(EventFields.TraceParent, ""),
                    new(EventFields.TraceState, ""),
                ];
                added[k] = redis.StreamAddAsync(stream.Value, fields, $"{start + (number / BatchSize)}-{k}");
            }

            await Task.WhenAll(added.Take(size));
        }
    }
}

using FanOut.EventBus.Wire;

namespace FanOut.Bench;

/// <summary>A stream of events as the relay would have written it: entry k of a batch has the id ms-k.</summary>
internal sealed record BenchStream(StreamName Name, int Count)
{
    public const int BatchSize = 1_000;

    private static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The id of an event, counted from 0.</summary>
    public static EntryId IdOf(int number) => new(Beginning.ToUnixTimeMilliseconds() + (number / BatchSize), number % BatchSize);

    /// <summary>Fills a stream unless it exists.</summary>
    public static async Task<BenchStream> FillAsync(
        BenchServers servers, string name, int count, Action<string> say, CancellationToken cancellationToken, int? bytes = null)
    {
        var redis = servers.Redis;
        var stream = new BenchStream(new StreamName(name), count);
        var there = (int)await redis.StreamLengthAsync(name);
        if (there < count)
        {
            say($"filling a stream with {count:n0} events");
        }

        var added = new Task<RedisValue>[BatchSize];
        for (var first = there; first < count; first += BatchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var size = Math.Min(BatchSize, count - first);
            for (var k = 0; k < size; k++)
            {
                added[k] = redis.StreamAddAsync(name, Entry(first + k, bytes), IdOf(first + k).ToString());
            }

            await Task.WhenAll(added.Take(size));
        }

        return stream;
    }

    public static NameValueEntry[] Entry(int number, int? bytes = null)
    {
        var order = bytes is { } length ? BenchOrder.Create(number, length) : BenchOrder.Create(number);
        return Entry(BenchOrder.EventType, order.OrderId.ToString(), JsonSerializer.SerializeToUtf8Bytes(order, BenchJson.Default.BenchOrder));
    }

    public static NameValueEntry[] Entry(string type, string subject, byte[] data) =>
    [
        new(EventFields.Id, Guid.CreateVersion7().ToString()),
        new(EventFields.Type, type),
        new(EventFields.Source, "bench"),
        new(EventFields.Subject, subject),
        new(EventFields.Time, EventFields.FormatTime(TimeProvider.System.GetUtcNow().UtcDateTime)),
        new(EventFields.Data, data),
        new(EventFields.TraceParent, ""),
        new(EventFields.TraceState, ""),
    ];
}

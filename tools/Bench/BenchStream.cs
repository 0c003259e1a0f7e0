namespace FanOut.Bench;

/// <summary>A stream of events as a relay would have written it, with their rows in the outbox: event k has the entry id ms-k of its batch.</summary>
internal sealed record BenchStream(StreamName Name, int Count)
{
    public const int BatchSize = 1_000;

    private static readonly DateTimeOffset Beginning = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The entry id of an event, counted from 0.</summary>
    public static RedisValue EntryIdOf(int number) => $"{Beginning.ToUnixTimeMilliseconds() + (number / BatchSize)}-{number % BatchSize}";

    /// <summary>Fills a stream and its outbox.</summary>
    public static async Task<BenchStream> FillAsync(
        BenchServers servers, string name, int count, Action<string> say, CancellationToken cancellationToken, int? bytes = null)
    {
        var stream = new BenchStream(new StreamName(name), count);
        await stream.FillOutboxAsync(servers, servers.Postgres, say, cancellationToken, bytes);
        for (var first = 0; first < count; first += BatchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            await Task.WhenAll(Enumerable.Range(first, Math.Min(BatchSize, count - first)).Select(
                number => servers.Redis.StreamAddAsync(name, BenchEvent.Create(number, bytes).ToEntry(), EntryIdOf(number))));
        }

        return stream;
    }

    /// <summary>Fills the stream's outbox in a database, which is migrated first.</summary>
    public async Task FillOutboxAsync(
        BenchServers servers, NpgsqlDataSource postgres, Action<string> say, CancellationToken cancellationToken, int? bytes = null)
    {
        say($"filling a stream with {Count:n0} events");
        var stream = await BusHost.MigrateAsync(servers, postgres, Name, cancellationToken);
        var events = Enumerable.Range(0, Count).Select(number => BenchEvent.Create(number, bytes));
        await BenchEvent.CopyAsync(postgres, stream, events, cancellationToken);
        await BenchServers.ExecuteAsync(postgres, $"vacuum analyze {stream.OutboxTable}", cancellationToken);
    }
}

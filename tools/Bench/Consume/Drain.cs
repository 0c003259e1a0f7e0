namespace FanOut.Bench.Consume;

/// <summary>Reads a stream to its end without the event bus, each consumer serially on its own connection: the limit, and the rivals.</summary>
internal sealed class Drain(BenchServers servers, BenchStream stream, int consumers, int batchSize)
{
    /// <summary>Group-events per second.</summary>
    /// <param name="groupCount">How many groups each read the whole stream.</param>
    /// <param name="handleAsync">Handles a batch of a group before it is acknowledged. Null to acknowledge at once.</param>
    /// <param name="acknowledgeEach">Whether each entry is handled and acknowledged alone, waiting for the answer.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<double> RunAsync(
        int groupCount, Func<string, StreamEntry[], Task>? handleAsync, bool acknowledgeEach, CancellationToken cancellationToken)
    {
        var groups = Enumerable.Range(1, groupCount).Select(number => $"rival-{Guid.NewGuid():n}-{number}").ToArray();
        foreach (var group in groups)
        {
            await servers.Redis.StreamCreateConsumerGroupAsync(stream.Name.Value, group, "0");
        }

        var connections = await Task.WhenAll(Enumerable.Range(0, groupCount * consumers).Select(_ => servers.RedisServer.ConnectAsync()));
        var started = TimeProvider.System.GetTimestamp();
        var counts = await Task.WhenAll(connections.Select((connection, i) => Task.Run(
            () => ConsumeAsync(connection.GetDatabase(), groups[i / consumers], handleAsync, acknowledgeEach, cancellationToken))));
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }

        foreach (var group in groups)
        {
            await servers.Redis.StreamDeleteConsumerGroupAsync(stream.Name.Value, group);
        }

        return counts.Sum() / elapsed.TotalSeconds;
    }

    private async Task<long> ConsumeAsync(
        IDatabase redis, string group, Func<string, StreamEntry[], Task>? handleAsync, bool acknowledgeEach, CancellationToken cancellationToken)
    {
        var consumer = Guid.NewGuid().ToString("n");
        var key = StreamKeys.Stream(stream.Name);
        Task<long>? acknowledged = null;
        for (var count = 0L; ;)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var entries = await redis.StreamReadGroupAsync(key, group, consumer, StreamPosition.NewMessages, batchSize);
            if (acknowledged is not null)
            {
                await acknowledged;
            }

            if (entries.Length == 0)
            {
                return count;
            }

            count += entries.Length;
            if (acknowledgeEach)
            {
                foreach (var entry in entries)
                {
                    await handleAsync!(group, [entry]);
                    await redis.StreamAcknowledgeAsync(key, group, entry.Id);
                }

                continue;
            }

            if (handleAsync is not null)
            {
                await handleAsync(group, entries);
            }

            // The answer is awaited after the next read has been sent.
            acknowledged = redis.StreamAcknowledgeAsync(key, group, Array.ConvertAll(entries, entry => entry.Id));
        }
    }
}

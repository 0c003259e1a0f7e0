namespace FanOut.Bench.Publish;

/// <summary>The rate of the relay on a full outbox, compared with bare XADDs.</summary>
internal sealed class PublishScenario : IScenario
{
    private const int Callers = 4;
    private const int CallSize = 500;
    private const string Unit = "events/s";
    private static readonly StreamName Stream = new("published");
    private static readonly string FillOutbox = EmbeddedSql.Read("Publish.fill_outbox.sql");

    public string Name => "publish";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Pick(400_000, 80_000, 4_000);
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var entries = Enumerable.Range(0, Math.Min(count, 20_000)).Select(number => BenchEvent.Create(number).ToEntry()).ToArray();
        return await Rounds.RunAsync(
            Name,
            run,
            [
                Publish("pipelined XADD", Standing.Limit, (events, token) => AddAsync(servers, entries, events, token)),
                Publish("relay, from the outbox", Standing.Ours, (events, token) => RelayAsync(servers, events, token), Goal.RatioAtLeast(0.80)),
            ],
            cancellationToken);

        Variant Publish(string name, Standing standing, Func<int, CancellationToken, Task<double>> publish, params Goal[] goals) =>
            Variant.Of(name, standing, Unit, (warmUp, token) => publish(warmUp ? count / 4 : count, token), goals);
    }

    private static async Task<double> AddAsync(BenchServers servers, NameValueEntry[][] entries, int count, CancellationToken cancellationToken)
    {
        var key = StreamKeys.Stream(Stream);
        await servers.Redis.KeyDeleteAsync(key);
        var next = -CallSize;
        var started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(
            async () =>
            {
                for (var from = Interlocked.Add(ref next, CallSize); from < count; from = Interlocked.Add(ref next, CallSize))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await Task.WhenAll(Enumerable.Range(from, CallSize)
                        .Select(number => servers.Redis.StreamAddAsync(key, entries[number % entries.Length])));
                }
            },
            cancellationToken)));
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        return await servers.Redis.StreamLengthAsync(key) / elapsed.TotalSeconds;
    }

    /// <summary>A relay that starts on a full outbox. The start of its host and its election do not count.</summary>
    private static async Task<double> RelayAsync(BenchServers servers, int count, CancellationToken cancellationToken)
    {
        var key = StreamKeys.Stream(Stream);
        await using var database = await servers.CreateDatabaseAsync(cancellationToken);
        var stream = await BusHost.MigrateAsync(servers, database.DataSource, Stream, cancellationToken);
        await BenchServers.ExecuteAsync(
            database.DataSource,
            FillOutbox,
            cancellationToken,
            new NpgsqlParameter<int> { TypedValue = stream.Id },
            new NpgsqlParameter<int> { TypedValue = count },
            new NpgsqlParameter<string> { TypedValue = BenchOrder.EventType },
            new NpgsqlParameter<byte[]> { TypedValue = BenchEvent.Create(1).Data });
        await BenchServers.ExecuteAsync(database.DataSource, $"vacuum analyze {stream.OutboxTable}", cancellationToken);
        await BenchServers.ExecuteAsync(database.DataSource, "checkpoint", cancellationToken);

        // The state is of the database of the round before.
        await servers.Redis.KeyDeleteAsync([key, StreamKeys.Relay(Stream), StreamKeys.Gaps(Stream), StreamKeys.Lease(Stream)]);
        using var host = BusHost.Create(servers, database.DataSource, Stream, bus => bus.AddOutbox());
        await host.StartAsync(cancellationToken);
        var (started, before) = (0L, 0L);
        await Until.TrueAsync(
            async () =>
            {
                var length = await servers.Redis.StreamLengthAsync(key);
                if (length > 0 && started == 0)
                {
                    (started, before) = (TimeProvider.System.GetTimestamp(), length);
                }

                return length >= count;
            },
            "the relay to empty the outbox",
            cancellationToken,
            everyMilliseconds: 1);
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        await host.StopAsync(cancellationToken);
        return (count - before) / elapsed.TotalSeconds;
    }
}

using FanOut.Bench.Consume;

namespace FanOut.Bench.Growth;

/// <summary>The rate at which a group drains a stream while one thing grows. The limit is the smallest case.</summary>
internal sealed class GrowthScenario : IScenario
{
    private const int BatchSize = 500;
    private const int Lanes = 4;
    private const string Unit = "group-events/s";
    private static readonly string FillInbox = EmbeddedSql.Read("Growth.fill_inbox.sql");

    public string Name => "growth";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken) =>
    [
        .. await StreamAsync(run, cancellationToken),
        .. await PendingAsync(run, cancellationToken),
        .. await InboxAsync(run, cancellationToken),
        .. await LanesAsync(run, cancellationToken),
        .. await PayloadAsync(run, cancellationToken),
        .. await new WorkerMemory(run).RunAsync(cancellationToken),
    ];

    private static async Task<IReadOnlyList<Measurement>> StreamAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        int[] lengths = run.Pick<int[]>([10_000, 100_000, 1_000_000, 5_000_000], [10_000, 100_000, 300_000], [1_000, 2_000]);
        var most = run.Pick(200_000, 50_000, 1_000);
        var streams = new List<BenchStream>();
        foreach (var length in lengths)
        {
            streams.Add(await BenchStream.FillAsync(servers, $"length-{length}", length, run.Say, cancellationToken));
        }

        return await Rounds.RunAsync(
            "growth-stream",
            run,
            [.. streams.Select((stream, i) => Case($"stream of {stream.Count:n0}", i, async token =>
            {
                // The end of a long stream; a short stream several times, because one pass is too short to measure.
                var events = Math.Min(stream.Count, most);
                var passes = Math.Clamp(most / events, 1, 5);
                var drain = new LanesDrain(servers, stream, Lanes, BatchSize)
                {
                    Events = events,
                    PrepareAsync = group => CreateGroupAsync(servers.Redis, stream, group, stream.Count - events),
                };
                var sum = 0.0;
                for (var pass = 0; pass < passes; pass++)
                {
                    sum += await drain.RunAsync<AggregatingHandler>(1, token);
                }

                return sum / passes;
            }))],
            cancellationToken);
    }

    private static async Task<IReadOnlyList<Measurement>> PendingAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        int[] sizes = run.Pick<int[]>([0, 10_000, 100_000], [0, 10_000, 100_000], [0, 100]);
        var events = run.Pick(300_000, 50_000, 1_000);
        var stream = await BenchStream.FillAsync(servers, "pending", sizes[^1] + events, run.Say, cancellationToken);
        return await Rounds.RunAsync(
            "growth-pel",
            run,
            [.. sizes.Select((size, i) => Case($"{size:n0} pending with others", i, new LanesDrain(servers, stream, Lanes, BatchSize)
            {
                Events = events,
                LeftPending = size,
                PrepareAsync = async group =>
                {
                    await CreateGroupAsync(servers.Redis, stream, group, sizes[^1] - size);
                    for (var left = size; left > 0;)
                    {
                        var count = Math.Min(left, 1_000);
                        var read = await servers.Redis.StreamReadGroupAsync(
                            StreamKeys.Stream(stream.Name), group.Value, "others", StreamPosition.NewMessages, count);
                        left -= read.Length;
                    }
                },
            }))],
            cancellationToken);
    }

    private static async Task<IReadOnlyList<Measurement>> InboxAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        int[] sizes = run.Pick<int[]>([0, 100_000, 1_000_000], [0, 50_000], [0, 100]);
        var stream = await BenchStream.FillAsync(servers, "inbox", run.Pick(300_000, 50_000, 1_000), run.Say, cancellationToken);
        var group = new GroupName("inbox");
        var databases = new List<PostgresDatabase>();
        try
        {
            foreach (var size in sizes)
            {
                var database = await servers.CreateDatabaseAsync(cancellationToken);
                databases.Add(database);
                await stream.FillOutboxAsync(servers, database.DataSource, run.Say, cancellationToken);
                var registered = await BusHost.RegisterAsync(servers, database.DataSource, stream.Name, group, cancellationToken);
                run.Say($"filling an inbox with {size:n0} rows");
                await BenchServers.ExecuteAsync(
                    database.DataSource,
                    FillInbox,
                    cancellationToken,
                    new NpgsqlParameter<int> { TypedValue = registered.Id },
                    new NpgsqlParameter<long> { TypedValue = size });
                await BenchServers.ExecuteAsync(database.DataSource, "vacuum analyze bus.inbox", cancellationToken);
            }

            return await Rounds.RunAsync(
                "growth-inbox",
                run,
                [.. sizes.Select((size, i) => Case($"{size:n0} rows in the inbox", i, new LanesDrain(servers, stream, Lanes, BatchSize)
                {
                    Database = databases[i],
                    Group = group,
                }))],
                cancellationToken);
        }
        finally
        {
            foreach (var database in databases)
            {
                await database.DisposeAsync();
            }
        }
    }

    private static async Task<IReadOnlyList<Measurement>> LanesAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var all = await BenchStream.FillAsync(servers, "all", run.Pick(300_000, 50_000, 1_000), run.Say, cancellationToken);
        return await Rounds.RunAsync(
            "growth-lanes",
            run,
            [.. run.Pick<int[]>([1, 2, 4, 8], [1, 2, 4, 8], [1, 2]).Select((lanes, i) => Case(
                $"{lanes} lane{(lanes == 1 ? "" : "s")}", i, new LanesDrain(servers, all, lanes, BatchSize), hasGoal: false))],
            cancellationToken);
    }

    private static async Task<IReadOnlyList<Measurement>> PayloadAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var streams = new List<(int Bytes, BenchStream Stream)>();
        foreach (var bytes in new[] { 100, 1_000, 4_000, 16_000 })
        {
            var count = Math.Min(run.Pick(300_000, 50_000, 1_000), run.Pick(400_000_000, 64_000_000, 1_000_000) / bytes);
            streams.Add((bytes, await BenchStream.FillAsync(servers, $"payload-{bytes}", count, run.Say, cancellationToken, bytes)));
        }

        return await Rounds.RunAsync(
            "growth-payload",
            run,
            [.. streams.Select((item, i) => Case(
                $"payload of {item.Bytes:n0} bytes", i, new LanesDrain(servers, item.Stream, Lanes, BatchSize), hasGoal: false))],
            cancellationToken);
    }

    private static Variant Case(string name, int index, LanesDrain drain, bool hasGoal = true) =>
        Case(name, index, token => drain.RunAsync<AggregatingHandler>(1, token), hasGoal);

    private static Variant Case(string name, int index, Func<CancellationToken, Task<double>> run, bool hasGoal = true) => Variant.Of(
        name, index == 0 ? Standing.Limit : Standing.Ours, Unit, (_, token) => run(token), index > 0 && hasGoal ? [Goal.RatioAtLeast(0.85)] : []);

    private static Task<bool> CreateGroupAsync(IDatabase redis, BenchStream stream, GroupName group, int firstEvent)
    {
        RedisValue start = firstEvent == 0 ? "0" : BenchStream.EntryIdOf(firstEvent - 1);
        return redis.StreamCreateConsumerGroupAsync(StreamKeys.Stream(stream.Name), group.Value, start);
    }
}

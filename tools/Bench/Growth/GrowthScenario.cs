using FanOut.Bench.Consume;
using FanOut.Bench.Running;
using FanOut.EventBus;
using FanOut.TestServers;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Bench.Growth;

/// <summary>What becomes of the rate at which a group drains a stream when one thing grows. The limit is the smallest case.</summary>
internal sealed class GrowthScenario : IScenario
{
    private const int BatchSize = 500;
    private const int Lanes = 4;
    private const string Unit = "events/s";
    private static readonly string FillInbox = EmbeddedSql.Read("Growth.fill_inbox.sql");
    private static readonly Goal AsFast = Goal.RatioAtLeast(0.85);

    public string Name => "growth";

    public string Description =>
        "A group (4 lanes, batches of 500, a handler that sums up) drains events while one thing grows: the length of the stream, entries that others have pending, rows of this group in the inbox, the number of groups, of lanes, the payload. The limit of each is its smallest case. And the resident memory of an analytics worker, a process of its own, while it catches up and while events come in at an even rate.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken) =>
    [
        .. await StreamAsync(run, cancellationToken),
        .. await PendingAsync(run, cancellationToken),
        .. await InboxAsync(run, cancellationToken),
        .. await GroupsAndLanesAsync(run, cancellationToken),
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
            streams.Add(await BenchStream.FillAsync(servers, $"length-{length}", length, run.Progress, cancellationToken));
        }

        return await Rounds.RunAsync(
            "growth-stream",
            run,
            [.. streams.Select((stream, i) => Case($"stream of {stream.Count:n0}", i, async token =>
            {
                // The last ones of a long stream; a short one several times, for it is drained in no time.
                var events = Math.Min(stream.Count, most);
                var passes = Math.Clamp(most / events, 1, 5);
                var sum = 0.0;
                for (var pass = 0; pass < passes; pass++)
                {
                    sum += await new LanesDrain(servers, stream, Lanes, BatchSize)
                    {
                        Events = events,
                        PrepareAsync = group => CreateGroupAsync(servers.Redis, stream, group, stream.Count - events),
                    }.RunAsync<AggregatingHandler>(1, token);
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
        var stream = await BenchStream.FillAsync(servers, "pending", sizes[^1] + events, run.Progress, cancellationToken);
        return await Rounds.RunAsync(
            "growth-pel",
            run,
            [.. sizes.Select((size, i) => Case($"{size:n0} pending with others", i, token => new LanesDrain(servers, stream, Lanes, BatchSize)
            {
                Events = events,
                LeftPending = size,
                PrepareAsync = async group =>
                {
                    await CreateGroupAsync(servers.Redis, stream, group, sizes[^1] - size);
                    for (var left = size; left > 0;)
                    {
                        left -= (await servers.Redis.StreamReadGroupAsync(StreamKeys.Stream(stream.Name), group.Value, StreamKeys.ParkedConsumer, StreamPosition.NewMessages, Math.Min(left, 1_000))).Length;
                    }
                },
            }.RunAsync<AggregatingHandler>(1, token)))],
            cancellationToken);
    }

    private static async Task<IReadOnlyList<Measurement>> InboxAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        int[] sizes = run.Pick<int[]>([0, 100_000, 1_000_000], [0, 50_000], [0, 100]);
        var stream = await BenchStream.FillAsync(servers, "inbox", run.Pick(300_000, 50_000, 1_000), run.Progress, cancellationToken);
        var group = new GroupName("inbox");
        var databases = new List<PostgresDatabase>();
        try
        {
            foreach (var size in sizes)
            {
                var database = await servers.CreateDatabaseAsync(cancellationToken);
                databases.Add(database);
                await BusHost.MigrateAsync(servers, database.DataSource, stream.Name, cancellationToken);
                run.Progress.Say($"filling an inbox with {size:n0} rows");
                await BenchServers.ExecuteAsync(
                    database.DataSource,
                    FillInbox,
                    cancellationToken,
                    new NpgsqlParameter<string> { TypedValue = stream.Name.Value },
                    new NpgsqlParameter<string> { TypedValue = group.Value },
                    new NpgsqlParameter<long> { TypedValue = BenchStream.IdOf(0).Value },
                    new NpgsqlParameter<long> { TypedValue = size });
                await BenchServers.ExecuteAsync(database.DataSource, "vacuum analyze bus.inbox", cancellationToken);
            }

            return await Rounds.RunAsync(
                "growth-inbox",
                run,
                [.. sizes.Select((size, i) => Case(
                    $"{size:n0} rows in the inbox", i, token => new LanesDrain(servers, stream, Lanes, BatchSize) { Database = databases[i], Group = group }.RunAsync<AggregatingHandler>(1, token)))],
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

    private static async Task<IReadOnlyList<Measurement>> GroupsAndLanesAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var many = await BenchStream.FillAsync(servers, "many", run.Pick(100_000, 20_000, 1_000), run.Progress, cancellationToken);
        var all = await BenchStream.FillAsync(servers, "all", run.Pick(300_000, 50_000, 1_000), run.Progress, cancellationToken);
        return
        [
            .. await Rounds.RunAsync(
                "growth-groups",
                run,
                [.. run.Pick<int[]>([1, 3, 10, 20], [1, 3, 10, 20], [1, 2]).Select((groups, i) => Case(
                    $"{groups} group{(groups == 1 ? "" : "s")} of 2 lanes", i, token => new LanesDrain(servers, many, 2, BatchSize).RunAsync<AggregatingHandler>(groups, token), "group-events/s", null))],
                cancellationToken),
            .. await Rounds.RunAsync(
                "growth-lanes",
                run,
                [.. run.Pick<int[]>([1, 2, 4, 8], [1, 2, 4, 8], [1, 2]).Select((lanes, i) => Case(
                    $"{lanes} lane{(lanes == 1 ? "" : "s")}", i, token => new LanesDrain(servers, all, lanes, BatchSize).RunAsync<AggregatingHandler>(1, token), Unit, null))],
                cancellationToken),
        ];
    }

    private static async Task<IReadOnlyList<Measurement>> PayloadAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var streams = new List<(int Bytes, BenchStream Stream)>();
        foreach (var bytes in new[] { 100, 1_000, 4_000, 16_000 })
        {
            var count = Math.Min(run.Pick(300_000, 50_000, 1_000), run.Pick(400_000_000, 64_000_000, 1_000_000) / bytes);
            streams.Add((bytes, await BenchStream.FillAsync(servers, $"payload-{bytes}", count, run.Progress, cancellationToken, bytes)));
        }

        return await Rounds.RunAsync(
            "growth-payload",
            run,
            [.. streams.Select((item, i) => Case(
                $"payload of {item.Bytes:n0} bytes", i, token => new LanesDrain(servers, item.Stream, Lanes, BatchSize).RunAsync<AggregatingHandler>(1, token), Unit, null))],
            cancellationToken);
    }

    private static Variant Case(string name, int index, Func<CancellationToken, Task<double>> run) => Case(name, index, run, Unit, AsFast);

    private static Variant Case(string name, int index, Func<CancellationToken, Task<double>> run, string unit, Goal? goal) =>
        Variant.Of(name, index == 0 ? Standing.Limit : Standing.Ours, unit, (_, token) => run(token), index > 0 && goal is not null ? [goal] : []);

    private static Task<bool> CreateGroupAsync(IDatabase redis, BenchStream stream, GroupName group, int firstEvent) =>
        redis.StreamCreateConsumerGroupAsync(StreamKeys.Stream(stream.Name), group.Value, firstEvent == 0 ? "0" : BenchStream.IdOf(firstEvent - 1).ToString());
}

using FanOut.Bench.Latency;
using FanOut.Bench.Services;
using FanOut.Contracts;

namespace FanOut.Bench.Growth;

/// <summary>The resident memory of an analytics worker that has a backlog, and of one that gets events at an even rate.</summary>
internal sealed class WorkerMemory(BenchRun run)
{
    private static readonly StreamName Stream = new("orders");
    private static readonly Goal Small = Goal.ValueAtMost(200, "MB");

    public async Task<IReadOnlyList<Measurement>> RunAsync(CancellationToken cancellationToken)
    {
        var backlog = run.Pick(1_000_000, 100_000, 500);
        var rate = run.Pick(5_000, 2_000, 200);
        var seconds = run.Pick(20, 5, 1);
        return await Rounds.RunAsync(
            "growth-memory",
            run with { Rounds = 1 },
            [
                new Variant(
                    $"analytics worker, catching up {backlog:n0} events",
                    Standing.Ours,
                    [new FigureSpec("most resident", "MB", Small), new FigureSpec("", "events/s")],
                    (_, token) => CatchUpAsync(backlog, token)),
                Variant.Of(
                    $"analytics worker, {rate:n0} events/s: most resident",
                    Standing.Ours,
                    "MB",
                    (_, token) => UnderLoadAsync(rate, seconds, token),
                    Small),
            ],
            cancellationToken,
            warmUp: false);
    }

    private static async Task<double[]> CatchUpAsync(int backlog, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var events = await FillOutboxAsync(servers, backlog, cancellationToken);
        foreach (var some in events.Chunk(BenchStream.BatchSize))
        {
            await Task.WhenAll(some.Select(item => AddAsync(servers, item)));
        }

        await using var worker = await new SystemProcesses(servers, servers.Database).StartAsync("AnalyticsWorker", cancellationToken);
        var started = TimeProvider.System.GetTimestamp();
        var (most, first) = (0.0, -1L);
        await UntilDoneAsync(servers, backlog, done =>
        {
            most = Math.Max(most, worker.Megabytes);
            first = first < 0 ? done : first;
        }, cancellationToken);
        return [most, (backlog - first) / TimeProvider.System.GetElapsedTime(started).TotalSeconds];
    }

    private static async Task<double> UnderLoadAsync(int rate, int seconds, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var events = await FillOutboxAsync(servers, rate * seconds, cancellationToken);
        await using var worker = await new SystemProcesses(servers, servers.Database).StartAsync("AnalyticsWorker", cancellationToken);
        var calls = new List<Task>(rate * seconds);
        var sending = Pacer.RunAsync(rate, rate * seconds, (number, _) => calls.Add(AddAsync(servers, events[number])), cancellationToken);
        var most = 0.0;
        await UntilDoneAsync(servers, rate * seconds, _ => most = Math.Max(most, worker.Megabytes), cancellationToken);
        await sending;
        await Task.WhenAll(calls);
        return most;
    }

    private static Task UntilDoneAsync(BenchServers servers, int events, Action<long> look, CancellationToken cancellationToken)
    {
        var watch = new GroupWatch(servers.Redis, Stream);
        return Until.TrueAsync(
            async () =>
            {
                var done = (await watch.DoneAsync()).Values.SingleOrDefault();
                look(done);
                return done >= events;
            },
            "the worker to reach the end of the stream",
            cancellationToken,
            everyMilliseconds: 20);
    }

    private static async Task<BenchEvent[]> FillOutboxAsync(BenchServers servers, int count, CancellationToken cancellationToken)
    {
        var events = Enumerable.Range(0, count).Select(Create).ToArray();
        await BenchEvent.CopyAsync(
            servers.Postgres, await BusHost.MigrateAsync(servers, servers.Postgres, Stream, cancellationToken), events, cancellationToken);
        return events;
    }

    private static BenchEvent Create(int number)
    {
        var id = Guid.CreateVersion7();
        var skus = Enumerable.Range(number, 3).Select(sku => $"{sku % 200:d3}");
        var lines = skus.Select(sku => new OrderLine($"sku-{sku}", $"Product {sku}", 2, 9.95m, 0, 19.90m)).ToArray();
        var customer = new Customer("C1", "Customer number 1 and Sons", "customer1@example.com");
        var time = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero).AddDays(number % 28);
        var order = new OrderPlaced(id, id.ToString(), customer, "USD", lines, 59.70m, time);
        var data = JsonSerializer.SerializeToUtf8Bytes(order, ContractsJson.Default.OrderPlaced);
        return new BenchEvent(number, OrderPlaced.EventType, id.ToString(), data);
    }

    private static Task<RedisValue> AddAsync(BenchServers servers, BenchEvent item) =>
        servers.Redis.StreamAddAsync(StreamKeys.Stream(Stream), item.ToEntry());
}

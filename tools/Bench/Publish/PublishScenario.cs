using FanOut.EventBus.Publishing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench.Publish;

/// <summary>The rate of the relay on a full outbox and of the direct publisher, compared with bare XADDs.</summary>
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
        await using var direct = await servers.CreateDatabaseAsync(cancellationToken);
        using var host = Host(servers, direct, bus => bus.AddDirectPublisher());
        await host.StartAsync(cancellationToken);
        var publisher = host.Services.GetRequiredService<StreamPublisher>();
        var entries = Enumerable.Range(0, Math.Min(count, 20_000)).Select(number => BenchStream.Entry(number)).ToArray();
        var orders = Enumerable.Range(0, entries.Length).Select(number => new NewEvent<BenchOrder>("1", BenchOrder.Create(number))).ToArray();
        var measurements = await Rounds.RunAsync(
            Name,
            run,
            [
                Publish("pipelined XADD", Standing.Limit, (events, token) => CallAsync(servers, events, AddAsync, token)),
                Publish(
                    "direct publisher", Standing.Ours, (events, token) => CallAsync(servers, events, PublishAsync, token), Goal.RatioAtLeast(0.90)),
                Publish("relay, from the outbox", Standing.Ours, (events, token) => RelayAsync(servers, events, token), Goal.RatioAtLeast(0.60)),
            ],
            cancellationToken);
        await host.StopAsync(cancellationToken);
        return measurements;

        Variant Publish(string name, Standing standing, Func<int, CancellationToken, Task<double>> publish, params Goal[] goals) =>
            Variant.Of(name, standing, Unit, (warmUp, token) => publish(warmUp ? count / 4 : count, token), goals);

        Task AddAsync(int from) => Task.WhenAll(Enumerable.Range(from, CallSize)
            .Select(number => servers.Redis.StreamAddAsync(StreamKeys.Stream(Stream), entries[number % entries.Length])));

        Task PublishAsync(int from)
        {
            var first = from % orders.Length;
            var events = new ArraySegment<NewEvent<BenchOrder>>(orders, first, Math.Min(CallSize, orders.Length - first));
            return publisher.PublishAsync(events, cancellationToken);
        }
    }

    private static IHost Host(BenchServers servers, PostgresDatabase database, Action<EventBusBuilder> add) =>
        BusHost.Create(servers, database.DataSource, Stream, bus => add(bus.AddEvent(BenchOrder.EventType, BenchJson.Default.BenchOrder)));

    private static async Task<double> CallAsync(BenchServers servers, int count, Func<int, Task> call, CancellationToken cancellationToken)
    {
        await servers.Redis.KeyDeleteAsync(StreamKeys.Stream(Stream));
        var next = -CallSize;
        var started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => Task.Run(
            async () =>
            {
                for (var from = Interlocked.Add(ref next, CallSize); from < count; from = Interlocked.Add(ref next, CallSize))
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await call(from);
                }
            },
            cancellationToken)));
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        return await servers.Redis.StreamLengthAsync(StreamKeys.Stream(Stream)) / elapsed.TotalSeconds;
    }

    /// <summary>A relay that starts on a full outbox. The start of its host and its election do not count.</summary>
    private static async Task<double> RelayAsync(BenchServers servers, int count, CancellationToken cancellationToken)
    {
        var key = StreamKeys.Stream(Stream);
        await servers.Redis.KeyDeleteAsync(key);
        await using var database = await servers.CreateDatabaseAsync(cancellationToken);

        await BusHost.MigrateAsync(servers, database.DataSource, Stream, cancellationToken);
        await BenchServers.ExecuteAsync(
            database.DataSource,
            FillOutbox,
            cancellationToken,
            new NpgsqlParameter<int> { TypedValue = count },
            new NpgsqlParameter<string> { TypedValue = BenchOrder.EventType },
            new NpgsqlParameter<byte[]> { TypedValue = JsonSerializer.SerializeToUtf8Bytes(BenchOrder.Create(1), BenchJson.Default.BenchOrder) });
        await BenchServers.ExecuteAsync(database.DataSource, "vacuum analyze bus.outbox", cancellationToken);
        await BenchServers.ExecuteAsync(database.DataSource, "checkpoint", cancellationToken);

        using var host = Host(servers, database, bus => bus.AddOutbox());
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

using System.Text.Json;
using FanOut.Bench.Running;
using FanOut.EventBus;
using FanOut.EventBus.Publishing;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.Bench.Publish;

/// <summary>How fast events get onto the stream: from a full outbox by the relay, and by the direct publisher, against bare XADDs.</summary>
internal sealed class PublishScenario : IScenario
{
    private const int Callers = 4;
    private const int CallSize = 500;
    private const string Unit = "events/s";
    private static readonly StreamName Stream = new("published");
    private static readonly string FillOutbox = EmbeddedSql.Read("Publish.fill_outbox.sql");

    public string Name => "publish";

    public string Description =>
        "Events get onto a stream. The limit sends XADDs of the same entries, made beforehand, pipelined: 4 callers with 500 in flight each. The direct publisher is called likewise, and serialises. The relay empties an outbox that was filled before; its rate is that from its first append to its last.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var count = run.Pick(400_000, 80_000, 4_000);
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        await using var direct = await servers.CreateDatabaseAsync(cancellationToken);
        using var host = Host(servers, direct, bus => bus.AddDirectPublisher());
        await host.StartAsync(cancellationToken);
        var publisher = host.Services.GetRequiredService<StreamPublisher>();
        var entries = Enumerable.Range(0, Math.Min(count, 20_000)).Select(number => BenchStream.Entry(number)).ToArray();
        var orders = Enumerable.Range(0, entries.Length).Select(number => BenchOrder.Create(number)).Select(order => new NewEvent<BenchOrder>(order.OrderId.ToString(), order)).ToArray();
        var measurements = await Rounds.RunAsync(
            Name,
            run,
            [
                Variant.Of("pipelined XADD", Standing.Limit, Unit, (warmUp, token) => CallAsync(servers, warmUp ? count / 4 : count, from => AddAsync(servers.Redis, entries, from), token)),
                Variant.Of(
                    "direct publisher",
                    Standing.Ours,
                    Unit,
                    (warmUp, token) => CallAsync(
                        servers,
                        warmUp ? count / 4 : count,
                        from => publisher.PublishAsync(new ArraySegment<NewEvent<BenchOrder>>(orders, from % orders.Length, Math.Min(CallSize, orders.Length - (from % orders.Length)))),
                        token),
                    Goal.RatioAtLeast(0.90)),
                Variant.Of("relay, from the outbox", Standing.Ours, Unit, (warmUp, token) => RelayAsync(servers, warmUp ? count / 4 : count, token), Goal.RatioAtLeast(0.60)),
            ],
            cancellationToken);
        await host.StopAsync(cancellationToken);
        return measurements;
    }

    private static IHost Host(BenchServers servers, PostgresDatabase database, Action<EventBusBuilder> add) =>
        BusHost.Create(servers, database.DataSource, Stream, bus => add(bus.AddEvent(BenchOrder.EventType, BenchJson.Default.BenchOrder)));

    private static Task AddAsync(IDatabase redis, NameValueEntry[][] entries, int from)
    {
        var calls = new Task[CallSize];
        for (var i = 0; i < CallSize; i++)
        {
            calls[i] = redis.StreamAddAsync(StreamKeys.Stream(Stream), entries[(from + i) % entries.Length]);
        }

        return Task.WhenAll(calls);
    }

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

    /// <summary>A relay that starts on a full outbox. Its host's start, and its way to leadership, do not count.</summary>
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

using FanOut.Bench.Consume;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench.Retry;

/// <summary>What failing events cost the lanes, and how fast the retry queue is worked off.</summary>
internal sealed class RetryScenario : IScenario
{
    private const int Lanes = 4;
    private const int Workers = 4;
    private const int ClaimSize = 100;
    private const string Unit = "events/s";
    private static readonly string FillRetries = EmbeddedSql.Read("Retry.fill_retries.sql");
    private static readonly string CountRetries = EmbeddedSql.Read("Retry.count_retries.sql");

    public string Name => "retry";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        await using var servers = await BenchServers.StartAsync(cancellationToken);
        var stream = await BenchStream.FillAsync(servers, "failing", run.Pick(200_000, 40_000, 2_000), run.Say, cancellationToken);
        var group = await BusHost.RegisterAsync(servers, servers.Postgres, stream.Name, new GroupName("failing"), cancellationToken);
        var few = run.Pick(5_000, 2_000, 100);
        var many = run.Pick(100_000, 20_000, 1_000);
        return
        [
            .. await FailAsync("retry", hasEffect: true),
            .. await FailAsync("retry-without-effects", hasEffect: false),
            .. await Rounds.RunAsync(
                "retry-claims",
                run,
                [
                    Variant.Of("claims of 1", Standing.Limit, Unit, (_, token) => WorkOffAsync(1, few, token)),
                    Variant.Of(
                        $"claims of {ClaimSize}", Standing.Ours, Unit, (_, token) => WorkOffAsync(ClaimSize, many, token), Goal.RatioAtLeast(8)),
                ],
                cancellationToken),
        ];

        // Where the handler writes nothing, a failure costs most in comparison.
        Task<IReadOnlyList<Measurement>> FailAsync(string name, bool hasEffect) => Rounds.RunAsync(
            name,
            run,
            [
                Variant.Of("no event fails", Standing.Limit, Unit, (_, token) => DrainAsync(new(0, hasEffect), token)),
                Variant.Of("1 % of the events fail once", Standing.Ours, Unit, (_, token) => DrainAsync(new(1, hasEffect), token)),
                Variant.Of(
                    "all events fail once", Standing.Ours, Unit, (_, token) => DrainAsync(new(100, hasEffect), token), Goal.RatioAtLeast(0.33)),
            ],
            cancellationToken);

        // The rate of the lanes alone: what fails becomes due when the measurement is over.
        async Task<double> DrainAsync(FailingShare share, CancellationToken token)
        {
            var clock = new DrainClock();
            using var host = CreateHost(
                servers, group, clock, share, options => (options.Lanes, options.RetryDelays) = (Lanes, [TimeSpan.FromDays(1)]));
            await host.StartAsync(token);
            await Until.TrueAsync(
                async () =>
                {
                    var info = (await servers.Redis.StreamGroupInfoAsync(StreamKeys.Stream(stream.Name))).SingleOrDefault();
                    return info.LastDeliveredId == BenchStream.EntryIdOf(stream.Count - 1) && info.PendingMessageCount == 0;
                },
                "the group to reach the end of the stream",
                token);
            var elapsed = clock.Elapsed;
            await host.StopAsync(token);
            await servers.Redis.StreamDeleteConsumerGroupAsync(StreamKeys.Stream(stream.Name), group.Name.Value);
            await BenchServers.ExecuteAsync(servers.Postgres, "truncate bus.inbox, bus.retry, bench_effect", token);
            return stream.Count / elapsed.TotalSeconds;
        }

        async Task<double> WorkOffAsync(int claimSize, int count, CancellationToken token)
        {
            await BenchServers.ExecuteAsync(
                servers.Postgres,
                FillRetries,
                token,
                new NpgsqlParameter<int> { TypedValue = group.Id },
                new NpgsqlParameter<int> { TypedValue = group.Stream.Id },
                new NpgsqlParameter<long> { TypedValue = count });
            await BenchServers.ExecuteAsync(servers.Postgres, "vacuum analyze bus.retry", token);
            await servers.Redis.StreamCreateConsumerGroupAsync(StreamKeys.Stream(stream.Name), group.Name.Value, StreamPosition.NewMessages);
            var clock = new DrainClock();
            var hosts = Enumerable.Range(0, Workers).Select(_ => CreateHost(
                servers, group, clock, new(0), options => (options.Lanes, options.RetryBatchSize) = (1, claimSize))).ToArray();
            await Task.WhenAll(hosts.Select(host => host.StartAsync(token)));
            await Until.TrueAsync(async () => await CountAsync(servers, token) == 0, "the retry queue to be empty", token, everyMilliseconds: 20);
            var elapsed = clock.Elapsed;
            await Task.WhenAll(hosts.Select(host => host.StopAsync(token)));
            Array.ForEach(hosts, host => host.Dispose());
            await servers.Redis.StreamDeleteConsumerGroupAsync(StreamKeys.Stream(stream.Name), group.Name.Value);
            await BenchServers.ExecuteAsync(servers.Postgres, "truncate bus.inbox, bus.retry, bench_effect", token);
            return count / elapsed.TotalSeconds;
        }
    }

    private static IHost CreateHost(
        BenchServers servers, RegisteredGroup group, DrainClock clock, FailingShare share, Action<ConsumerOptions> configure) =>
        BusHost.Create(servers, servers.Postgres, group.Stream.Name, bus =>
        {
            bus.Services.AddSingleton(clock);
            bus.Services.AddSingleton(share);
            bus.AddConsumerGroup(group.Name.Value, handlers => handlers.Subscribe<BenchOrder, FailingHandler>(), configure);
        });

    private static async Task<long> CountAsync(BenchServers servers, CancellationToken cancellationToken)
    {
        await using var command = servers.Postgres.CreateCommand(CountRetries);
        return (long)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
}

using Microsoft.Extensions.DependencyInjection;

namespace FanOut.Bench.Consume;

/// <summary>Reads a stream to its end with the lanes of the event bus, as a worker runs them.</summary>
internal sealed class LanesDrain(BenchServers servers, BenchStream stream, int lanes, int batchSize)
{
    private static readonly string DeletePositions = EmbeddedSql.Read("Consume.delete_positions.sql");

    /// <summary>The database of the lanes' transactions, if not the servers' first.</summary>
    public PostgresDatabase? Database { get; init; }

    /// <summary>The group's name, if there is only one and it is registered: it stays.</summary>
    public GroupName? Group { get; init; }

    /// <summary>Called for each group before its worker starts.</summary>
    public Func<GroupName, Task>? PrepareAsync { get; init; }

    /// <summary>Entries that stay pending because no worker handles them.</summary>
    public int LeftPending { get; init; }

    /// <summary>How many events of the stream are handled. Default: all.</summary>
    public int? Events { get; init; }

    private NpgsqlDataSource Postgres => (Database ?? servers.Database).DataSource;

    /// <summary>Group-events per second.</summary>
    public async Task<double> RunAsync<THandler>(int groupCount, CancellationToken cancellationToken)
        where THandler : class
    {
        GroupName[] groups = Group is { } given ? [given] : [.. Enumerable.Range(0, groupCount).Select(_ => new GroupName($"g-{Guid.NewGuid():n}"))];
        if (PrepareAsync is not null)
        {
            foreach (var group in groups)
            {
                await PrepareAsync(group);
            }
        }

        using var host = BusHost.Create(servers, Postgres, stream.Name, bus =>
        {
            bus.Services.AddSingleton<DrainClock>();
            foreach (var group in groups)
            {
                bus.AddConsumerGroup(
                    group.Value,
                    handlers => _ = typeof(THandler) == typeof(AggregatingHandler) ? handlers.SubscribeBatch<BenchOrder, AggregatingHandler>()
                        : typeof(THandler) == typeof(RowHandler) ? handlers.SubscribeBatch<BenchOrder, RowHandler>()
                        : typeof(THandler) == typeof(SingleHandler) ? handlers.Subscribe<BenchOrder, SingleHandler>()
                        : throw new ArgumentException($"{typeof(THandler)} is not one of the benchmark's handlers."),
                    options => (options.Lanes, options.BatchSize) = (lanes, batchSize));
            }
        });
        await host.StartAsync(cancellationToken);
        await UntilDrainedAsync(groups, cancellationToken);
        var elapsed = host.Services.GetRequiredService<DrainClock>().Elapsed;
        await host.StopAsync(cancellationToken);
        await ForgetAsync(groups, cancellationToken);
        return (double)(Events ?? stream.Count) * groupCount / elapsed.TotalSeconds;
    }

    private async Task UntilDrainedAsync(GroupName[] groups, CancellationToken cancellationToken)
    {
        var open = groups.Select(group => group.Value).ToHashSet();
        var key = StreamKeys.Stream(stream.Name);
        await Until.TrueAsync(
            async () =>
            {
                foreach (var info in await servers.Redis.StreamGroupInfoAsync(key))
                {
                    if (info.LastDeliveredId == BenchStream.EntryIdOf(stream.Count - 1) && info.PendingMessageCount == LeftPending)
                    {
                        open.Remove(info.Name);
                    }
                }

                return open.Count == 0;
            },
            "the groups to reach the end of the stream",
            cancellationToken);
    }

    private async Task ForgetAsync(GroupName[] groups, CancellationToken cancellationToken)
    {
        foreach (var group in groups)
        {
            await servers.Redis.StreamDeleteConsumerGroupAsync(StreamKeys.Stream(stream.Name), group.Value);
        }

        var names = new NpgsqlParameter<string[]> { TypedValue = [.. groups.Select(group => group.Value)] };
        var last = new NpgsqlParameter<long> { TypedValue = stream.Count };
        await BenchServers.ExecuteAsync(Postgres, DeletePositions, cancellationToken, names, last);
        if (Group is null)
        {
            await BenchServers.ExecuteAsync(
                Postgres, "delete from bus.consumer_group where name = any($1)", cancellationToken, (NpgsqlParameter)names.Clone());
        }

        await BenchServers.ExecuteAsync(Postgres, "truncate bench_revenue, bench_effect, bench_processed", cancellationToken);
        await BenchServers.ExecuteAsync(Postgres, "vacuum bus.inbox", cancellationToken);
    }
}

using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.Bench.Consume;

/// <summary>Reads a stream to its end with the lanes of the event bus, as a worker runs them.</summary>
internal sealed class LanesDrain(BenchServers servers, BenchStream stream, int lanes, int batchSize)
{
    /// <summary>The database of the lanes' transactions, if not the servers' first.</summary>
    public PostgresDatabase? Database { get; init; }

    /// <summary>The group's name, if it matters and there is only one.</summary>
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
            bus.AddEvent(BenchOrder.EventType, BenchJson.Default.BenchOrder);
            foreach (var group in groups)
            {
                var consumer = bus.AddConsumerGroup(
                    group.Value, options => (options.Start, options.Lanes, options.BatchSize) = (GroupStart.Earliest, lanes, batchSize));
                _ = typeof(THandler) == typeof(AggregatingHandler) ? consumer.SubscribeBatch<BenchOrder, AggregatingHandler>()
                    : typeof(THandler) == typeof(RowHandler) ? consumer.SubscribeBatch<BenchOrder, RowHandler>()
                    : typeof(THandler) == typeof(SingleHandler) ? consumer.Subscribe<BenchOrder, SingleHandler>()
                    : throw new ArgumentException($"{typeof(THandler)} is not one of the benchmark's handlers.");
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
                    if (info.LastDeliveredId == BenchStream.IdOf(stream.Count - 1).ToString() && info.PendingMessageCount == LeftPending)
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
            await servers.Redis.KeyDeleteAsync([StreamKeys.Redrive(stream.Name, group), StreamKeys.Lanes(stream.Name, group)]);
        }

        // Rows below the stream's first entry are part of the scenario, and stay.
        var name = new NpgsqlParameter<string> { TypedValue = stream.Name.Value };
        await BenchServers.ExecuteAsync(
            Postgres,
            "delete from bus.inbox where stream = $1 and lower(entries) >= $2",
            cancellationToken,
            name,
            new NpgsqlParameter<long> { TypedValue = BenchStream.IdOf(0).Value });
        await BenchServers.ExecuteAsync(Postgres, "delete from bus.consumer_group where stream = $1", cancellationToken, name.Clone());
        await BenchServers.ExecuteAsync(Postgres, "truncate bench_revenue, bench_effect, bench_processed", cancellationToken);
        await BenchServers.ExecuteAsync(Postgres, "vacuum bus.inbox", cancellationToken);
    }
}

using FanOut.Bench.Consume;
using FanOut.Bench.Latency;
using FanOut.Bench.Retry;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.Bench.Retention;

/// <summary>A stream with all its parts in this process, to which events are published at an even rate; one in a hundred fails once.</summary>
internal sealed class StreamInUse(BenchServers servers, StreamIdentity stream, IHost host) : IAsyncDisposable
{
    /// <summary>How many partitions an outbox has at the beginning.</summary>
    private const int Partitions = 30;

    private const int CallsPerSecond = 40;
    private static readonly StreamName Name = new("kept");
    private static readonly string FillOutbox = EmbeddedSql.Read("Publish.fill_outbox.sql");

    public static async Task<StreamInUse> StartAsync(BenchServers servers, int partitionSize, TimeSpan keepFor, CancellationToken cancellationToken)
    {
        var stream = await BusHost.MigrateAsync(servers, servers.Postgres, Name, cancellationToken);
        await MakePartitionsAsync(servers, stream, partitionSize, cancellationToken);
        var host = BusHost.Create(servers, servers.Postgres, Name, bus =>
        {
            bus.Services.AddSingleton<DrainClock>();
            bus.Services.AddSingleton(new FailingShare(1));
            bus.AddOutbox()
                .AddConsumerGroup(
                    "kept",
                    handlers => handlers.Subscribe<BenchOrder, FailingHandler>(),
                    options =>
                    {
                        options.Lanes = 2;
                        options.RetryDelays = [TimeSpan.FromSeconds(1)];
                        options.RetryPollInterval = TimeSpan.FromMilliseconds(100);
                    })
                .AddReclaimer(options =>
                {
                    options.KeepOutboxFor = keepFor;
                    options.Interval = TimeSpan.FromMilliseconds(100);
                });
        });
        await host.StartAsync(cancellationToken);
        return new StreamInUse(servers, stream, host);
    }

    /// <summary>Publishes at a rate in events per second, as far as Postgres takes them.</summary>
    public async Task PublishAsync(int rate, TimeSpan duration, CancellationToken cancellationToken)
    {
        var outbox = host.Services.GetRequiredService<Outbox>();
        var data = BenchEvent.Create(1).Data;
        var calls = new List<Task>();
        await Pacer.RunAsync(CallsPerSecond, (int)(CallsPerSecond * duration.TotalSeconds), (_, _) => calls.Add(AddAsync()), cancellationToken);
        await Task.WhenAll(calls);

        async Task AddAsync()
        {
            await BenchServers.ExecuteAsync(
                servers.Postgres,
                FillOutbox,
                cancellationToken,
                new NpgsqlParameter<int> { TypedValue = stream.Id },
                new NpgsqlParameter<int> { TypedValue = rate / CallsPerSecond },
                new NpgsqlParameter<string> { TypedValue = BenchOrder.EventType },
                new NpgsqlParameter<byte[]> { TypedValue = data });
            outbox.NotifyCommitted();
        }
    }

    public Task<StreamSizes> LookAsync(CancellationToken cancellationToken) => StreamSizes.ReadAsync(servers, stream, cancellationToken);

    /// <summary>Waits until the group has taken everything.</summary>
    public Task CatchUpAsync(CancellationToken cancellationToken) => Until.TrueAsync(
        async () => await LookAsync(cancellationToken) is var now && now.DoneThrough >= now.Highest, "the group to be done", cancellationToken, 50);

    public async ValueTask DisposeAsync()
    {
        await host.StopAsync();
        host.Dispose();
    }

    /// <summary>Partitions of this size in place of those that a new stream has: an hour of events, compressed.</summary>
    private static async Task MakePartitionsAsync(BenchServers servers, StreamIdentity stream, int size, CancellationToken cancellationToken)
    {
        var sql = string.Join(
            ';',
            Enumerable.Range(0, 16).Select(million => $"drop table {stream.OutboxTable}_{million * 1_000_000L}")
                .Concat(Enumerable.Range(0, Partitions).Select(
                    i => $"select bus.add_outbox_partition({stream.Id}, {(long)i * size}, {(i + 1L) * size})")));
        await BenchServers.ExecuteAsync(servers.Postgres, sql, cancellationToken);
    }
}

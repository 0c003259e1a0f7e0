using FanOut.Bench.Running;
using FanOut.EventBus;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using StackExchange.Redis;

namespace FanOut.Bench.Consume;

/// <summary>How fast groups drain a stream: ours with three kinds of handler, against reading and acknowledging alone.</summary>
internal sealed class ConsumeScenario(BenchServers servers, int events, int lanes)
{
    private const int BatchSize = 500;
    private readonly StreamName _stream = new("bench");
    private int _generation;

    public async Task<IReadOnlyList<Measurement>> RunAsync(int groups, int rounds, string only, IProgress<string> progress, CancellationToken cancellationToken)
    {
        await servers.ExecuteAsync(
            "create table if not exists bench_revenue (group_name text, day date, orders int, revenue numeric); create table if not exists bench_effect (group_name text, order_id uuid, total numeric)", cancellationToken);
        if (await servers.Redis.StreamLengthAsync(_stream.Value) < events)
        {
            progress.Report($"filling the stream with {events:n0} events");
            await BenchStream.FillAsync(servers.Redis, _stream, events, cancellationToken);
        }

        Variant[] variants =
        [
            new("read and acknowledge only", true, token => ReadOnlyAsync(groups, token)),
            new("lanes, aggregate", false, token => OursAsync<AggregatingHandler>(groups, token)),
            new("lanes, row per event", false, token => OursAsync<RowHandler>(groups, token)),
            new("lanes, single-event handler", false, token => OursAsync<SingleHandler>(groups, token)),
        ];
        return await Rounds.RunAsync($"consume-{groups}", "events/s", rounds, [.. variants.Where(variant => variant.Name.Contains(only, StringComparison.Ordinal))], progress, cancellationToken);
    }

    private string[] NewGroups(int count)
    {
        var generation = ++_generation;
        return [.. Enumerable.Range(1, count).Select(number => $"g{generation}-{number}")];
    }

    private async Task<double> ReadOnlyAsync(int groupCount, CancellationToken cancellationToken)
    {
        var groups = NewGroups(groupCount);
        foreach (var group in groups)
        {
            await servers.Redis.StreamCreateConsumerGroupAsync(_stream.Value, group, "0");
            await servers.Redis.StreamCreateConsumerGroupAsync(StreamKeys.Redrive(_stream, new GroupName(group)), group, "0", createStream: true);
        }

        var connections = await Task.WhenAll(Enumerable.Range(0, groupCount * lanes).Select(_ => servers.RedisServer.ConnectAsync()));
        var started = TimeProvider.System.GetTimestamp();
        await Task.WhenAll(connections.Select((connection, i) => DrainAsync(connection.GetDatabase(), groups[i / lanes], $"c{i}", cancellationToken)));
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        foreach (var connection in connections)
        {
            await connection.DisposeAsync();
        }

        await ForgetAsync(groups, cancellationToken);
        return (double)events * groupCount / elapsed.TotalSeconds;
    }

    private async Task DrainAsync(IDatabase redis, string group, string consumer, CancellationToken cancellationToken)
    {
        StreamPosition[] positions = [new(_stream.Value, StreamPosition.NewMessages)];
        Task<long>? acknowledged = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            var read = await redis.StreamReadGroupAsync(positions, group, consumer, BatchSize, noAck: false, CommandFlags.None);
            if (acknowledged is not null)
            {
                await acknowledged;
            }

            if (read.Length == 0 || read[0].Entries.Length == 0)
            {
                return;
            }

            acknowledged = redis.StreamAcknowledgeAsync(_stream.Value, group, Array.ConvertAll(read[0].Entries, entry => entry.Id));
        }
    }

    private async Task<double> OursAsync<THandler>(int groupCount, CancellationToken cancellationToken)
        where THandler : class
    {
        var groups = NewGroups(groupCount);
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { ApplicationName = "bench" });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?> { ["EventBus:Stream"] = _stream.Value });
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<IConnectionMultiplexer>(servers.Connection);
        builder.Services.AddSingleton(servers.Postgres);
        var bus = builder.AddEventBus().AddEvent(BenchOrder.EventType, BenchJson.Default.BenchOrder);
        foreach (var group in groups)
        {
            var consumer = bus.AddConsumerGroup(group, options =>
            {
                (options.Start, options.Lanes, options.BatchSize) = (GroupStart.Earliest, lanes, BatchSize);
            });
            _ = typeof(THandler) == typeof(AggregatingHandler) ? consumer.SubscribeBatch<BenchOrder, AggregatingHandler>()
                : typeof(THandler) == typeof(RowHandler) ? consumer.SubscribeBatch<BenchOrder, RowHandler>()
                : consumer.Subscribe<BenchOrder, SingleHandler>();
        }

        using var host = builder.Build();
        await host.StartAsync(cancellationToken);
        var started = TimeProvider.System.GetTimestamp();
        await UntilDrainedAsync(groups, cancellationToken);
        var elapsed = TimeProvider.System.GetElapsedTime(started);
        await host.StopAsync(cancellationToken);
        await ForgetAsync(groups, cancellationToken);
        return (double)events * groupCount / elapsed.TotalSeconds;
    }

    private async Task UntilDrainedAsync(string[] groups, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        foreach (var group in groups)
        {
            // XINFO's lag is exact here: nothing is trimmed or deleted, and the group began at the beginning.
            while (!(await servers.Redis.StreamGroupInfoAsync(_stream.Value)).Any(info => info.Name == group && info.Lag == 0 && info.PendingMessageCount == 0))
            {
                await timer.WaitForNextTickAsync(cancellationToken);
            }
        }
    }

    private async Task ForgetAsync(string[] groups, CancellationToken cancellationToken)
    {
        foreach (var group in groups)
        {
            await servers.Redis.StreamDeleteConsumerGroupAsync(_stream.Value, group);
            await servers.Redis.KeyDeleteAsync(StreamKeys.Redrive(_stream, new GroupName(group)));
        }

        await servers.ExecuteAsync("truncate bench_revenue, bench_effect; do $$ begin if to_regclass('bus.inbox') is not null then truncate bus.inbox, bus.consumer_group; end if; end $$", cancellationToken);
    }
}

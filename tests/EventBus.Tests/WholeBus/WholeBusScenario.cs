using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>
/// What the whole bus does on servers of any kind: two outboxes and relays, four groups, follow-up events, a retry, dead letters, entries that a
/// worker has left, and a stream that Redis loses.
/// </summary>
/// <param name="world">The servers.</param>
/// <param name="postgres">How the host reaches Postgres; directly where null.</param>
/// <param name="redis">How the host reaches Redis; as the world does where null.</param>
internal sealed class WholeBusScenario(BusWorld world, NpgsqlDataSource? postgres = null, ConfigurationOptions? redis = null)
{
    private const int Left = 20;
    private const int Half = 150;
    private const int Count = 300;
    private const int Dead = 30;
    private const int Retried = 40;

    private readonly NpgsqlDataSource _postgres = postgres ?? world.Postgres;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Runs when half of the events are published.</summary>
    public Func<Task> Halfway { get; init; } = () => Task.CompletedTask;

    public async Task RunAsync()
    {
        await LeaveEntriesAsync();
        await using var connection = await ConnectAsync();
        var invoices = $"{world.Stream}-invoices";
        var builder = CreateHost(connection);
        builder.Services.AddSingleton(new InvoiceStream(invoices)).AddSingleton(new HandlerScript
        {
            Before = (number, delivery, _) => number switch
            {
                Dead => throw new RejectEventException("Never."),
                Retried when delivery == 1 => throw new InvalidOperationException("Not yet."),
                _ => Task.CompletedTask,
            },
        });
        builder.AddEventBus()
            .AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddEvent("test.invoiced", PingJson.Default.Invoiced)
            .AddStream(world.Stream.Value, stream => stream
                .AddOutbox()
                .AddConsumerGroup("first", group => group.Subscribe<Ping, PingHandler>(), Configure)
                .AddConsumerGroup("second", group => group.SubscribeBatch<Ping, PingBatchHandler>(), Configure)
                .AddConsumerGroup("invoicing", group => group.Subscribe<Ping, InvoicingHandler>(), Configure)
                .AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(25)))
            .AddStream(invoices, stream => stream
                .AddOutbox()
                .AddConsumerGroup("mailing", group => group.SubscribeBatch<Invoiced, MailingHandler>(), Configure)
                .AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(100)));
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        var outbox = host.Services.GetRequiredKeyedService<Outbox>(world.Stream.Value);

        await PublishAsync(outbox, Left + 1, Half);
        await world.AssertEachOnceAsync("first", Half, except: Dead);
        await Halfway();
        await world.Redis.KeyDeleteAsync(world.Key);
        await PublishAsync(outbox, Half + 1, Count);

        await world.AssertEachOnceAsync("first", Count, except: Dead);
        await world.AssertEachOnceAsync("second", Count, except: Dead);
        await BusWorld.UntilAsync(async () => await world.EffectsAsync("mailing") >= Count, () => "the follow-up events");
        Assert.Equal((long)Count, await world.ScalarAsync("select count(distinct event_id) from effects where group_name = 'mailing'"));
        Assert.Equal((long)Count, await world.EffectsAsync("mailing"));
        await AssertCleanAsync();
        await BusWorld.UntilAsync(
            async () => (await host.Services.GetHealthChecks().CheckHealthAsync(Cancellation)).Status == HealthStatus.Healthy,
            () => "a healthy host");
        await host.StopAsync(Cancellation);
    }

    private static void Configure(ConsumerOptions options)
    {
        options.Lanes = 2;
        options.BlockFor = TimeSpan.FromMilliseconds(100);
        options.RetryPollInterval = TimeSpan.FromMilliseconds(50);
        options.RetryDelays = [TimeSpan.FromMilliseconds(50)];
        options.ReclaimAfter = TimeSpan.FromSeconds(1);
    }

    /// <summary>Publishes the first events. A worker of the first group reads them, and is gone.</summary>
    private async Task LeaveEntriesAsync()
    {
        await world.RegisterGroupAsync("first", reclaimAfter: TimeSpan.FromSeconds(1));
        await using var connection = await ConnectAsync();
        var builder = CreateHost(connection);
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(world.Stream.Value, stream => stream.AddOutbox());
        using var host = builder.Build();
        await host.StartAsync(Cancellation);
        await PublishAsync(host.Services.GetRequiredService<Outbox>(), 1, Left);
        await BusWorld.UntilAsync(async () => await world.Redis.StreamLengthAsync(world.Key) == Left, () => "the first events");
        Assert.Equal(Left, (await world.Redis.StreamReadGroupAsync(world.Key, "first", "gone", StreamPosition.NewMessages)).Length);
        await host.StopAsync(Cancellation);
    }

    private async Task<ConnectionMultiplexer?> ConnectAsync() => redis is null ? null : await ConnectionMultiplexer.ConnectAsync(redis);

    private HostApplicationBuilder CreateHost(ConnectionMultiplexer? connection)
    {
        var builder = world.CreateHost(_postgres);
        if (connection is not null)
        {
            builder.Services.AddSingleton<IConnectionMultiplexer>(connection).AddSingleton(redis!);
        }

        return builder;
    }

    private async Task PublishAsync(Outbox outbox, int first, int last)
    {
        foreach (var number in Enumerable.Range(first, last - first + 1))
        {
            await using var connection = await _postgres.OpenConnectionAsync(Cancellation);
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await outbox.AddAsync(connection, new NewEvent<Ping>($"{number}", new Ping(number)), Cancellation);
            await transaction.CommitAsync(Cancellation);
            outbox.NotifyCommitted();
        }
    }

    private async Task AssertCleanAsync()
    {
        await UntilCountAsync("bus.consumer_group where done_through >= 300", 4);
        await UntilCountAsync("pg_locks where locktype = 'advisory'", 0);
        await UntilCountAsync("bus.retry where state = 'waiting'", 0);
        await UntilCountAsync("bus.retry where state = 'dead' and mirrored", 2);
        await UntilCountAsync("bus.retry", 2);
    }

    private Task UntilCountAsync(string rows, long expected) => BusWorld.UntilAsync(
        async () => await world.ScalarAsync($"select count(*) from {rows}") is long count && count == expected, () => $"{expected} of {rows}");
}

using System.Diagnostics;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus.Tests.WholeBus;

public sealed class WholeBusTests
{
    private static readonly TimeSpan NoPoll = TimeSpan.FromSeconds(5);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_host_consumes_one_stream_and_publishes_to_another_without_waiting_for_a_poll()
    {
        await using var world = await BusWorld.CreateAsync();
        var (orders, invoices) = (world.Stream.Value, $"{world.Stream}-invoices");
        var builder = world.CreateHost();
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus()
            .AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddEvent("test.invoiced", PingJson.Default.Invoiced)
            .AddStream(orders, stream => stream
                .AddOutbox(options => (options.PollInterval, options.LeaseTimeout) = (NoPoll, 2 * NoPoll))
                .AddConsumerGroup("invoicing", group => group.Subscribe<Ping, InvoicingHandler>())
                .AddReclaimer())
            .AddStream(invoices, stream => stream
                .AddOutbox(options => (options.PollInterval, options.LeaseTimeout) = (NoPoll, 2 * NoPoll))
                .AddConsumerGroup("mailing", group => group.SubscribeBatch<Invoiced, MailingHandler>())
                .AddReclaimer());
        builder.Services.AddSingleton(new InvoiceStream(invoices));
        var host = await world.StartAsync(builder);
        var outbox = host.Services.GetRequiredKeyedService<Outbox>(orders);
        Assert.Throws<InvalidOperationException>(() => host.Services.GetRequiredService<Outbox>());
        await PublishAsync(world.Postgres, outbox, 1);
        await BusWorld.UntilAsync(async () => await world.EffectsAsync("mailing") == 1, () => "the first mail");

        var started = Stopwatch.GetTimestamp();
        foreach (var number in Enumerable.Range(2, 10))
        {
            await PublishAsync(world.Postgres, outbox, 1, number);
            await BusWorld.UntilAsync(async () => await world.EffectsAsync("mailing") == number, () => "the mail");
        }

        // Without the signal each of them would wait for the polls of two relays: about 50 seconds in all.
        Assert.True(Stopwatch.GetElapsedTime(started) < 4 * NoPoll, $"It took {Stopwatch.GetElapsedTime(started)}.");
        Assert.Equal(11L, await world.ScalarAsync("select count(distinct event_id) from effects where group_name = 'mailing'"));
    }

    [Theory]
    [InlineData(PoolMode.Session)]
    [InlineData(PoolMode.Transaction)]
    public async Task The_whole_bus_works_through_PgBouncer(PoolMode mode)
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "secret" }, Cancellation);
        await using var bouncer = await PgBouncerServer.StartAsync(postgres, mode, Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: postgres);
        // In session mode each pooled connection keeps one of PgBouncer's 20 server sessions, and a client above them waits for ever.
        await using var source = NpgsqlDataSource.Create(bouncer.ConnectionStringFor(world.Database.Name) + ";Maximum Pool Size=10");
        var builder = world.CreateHost(source);
        builder.Services.AddSingleton(HandlerScript.Throwing(number => number == 7, () => new RejectEventException("Never.")));
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddStream(world.Stream.Value, stream => stream
            .AddOutbox()
            .AddConsumerGroup("first", group => group.Subscribe<Ping, PingHandler>(), options => options.Lanes = 2)
            .AddConsumerGroup("second", group => group.SubscribeBatch<Ping, PingBatchHandler>(), options => options.Lanes = 2)
            .AddReclaimer(options => options.Interval = TimeSpan.FromMilliseconds(25)));
        var host = await world.StartAsync(builder);
        var outbox = host.Services.GetRequiredService<Outbox>();

        await PublishAsync(source, outbox, 300, first: 1);
        await world.AssertEachOnceAsync("first", 300, except: 7);
        await world.Redis.KeyDeleteAsync(world.Key);
        await PublishAsync(source, outbox, 300, first: 301);

        await world.AssertEachOnceAsync("first", 600, except: 7);
        await world.AssertEachOnceAsync("second", 600, except: 7);
        await BusWorld.UntilAsync(
            async () => (long)(await world.ScalarAsync("select count(*) from bus.consumer_group where done_through >= 600"))! == 2, () => "progress");
        Assert.Equal(2L, await world.ScalarAsync("select count(*) from bus.retry where state = 'dead'"));
        await BusWorld.UntilAsync(
            async () => (long)(await world.ScalarAsync("select count(*) from pg_locks where locktype = 'advisory'"))! == 0, () => "no lock left");
    }

    private static async Task PublishAsync(NpgsqlDataSource postgres, Outbox outbox, int count, int first = 1)
    {
        foreach (var number in Enumerable.Range(first, count))
        {
            await using var connection = await postgres.OpenConnectionAsync(Cancellation);
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await outbox.AddAsync(connection, new NewEvent<Ping>($"{number}", new Ping(number)), Cancellation);
            await transaction.CommitAsync(Cancellation);
            outbox.NotifyCommitted();
        }
    }
}

internal sealed record InvoiceStream(string Name);

internal sealed class InvoicingHandler(IServiceProvider services, InvoiceStream invoices) : IEventHandler<Ping>
{
    public Task HandleAsync(EventContext<Ping> context, CancellationToken cancellationToken)
    {
        var outbox = services.GetRequiredKeyedService<Outbox>(invoices.Name);
        context.Enqueue(outbox.CreateCommand<Invoiced>([new(context.Event.Subject, new Invoiced(context.Data.Number))]));
        return Task.CompletedTask;
    }
}

internal sealed class MailingHandler : IEventBatchHandler<Invoiced>
{
    public Task HandleAsync(EventBatch<Invoiced> batch, CancellationToken cancellationToken)
    {
        foreach (var context in batch)
        {
            context.Enqueue(new NpgsqlBatchCommand("insert into effects values ($1, $2, $3, $4)")
            {
                Parameters =
                {
                    new() { Value = context.Group.Value }, new() { Value = context.Data.Number }, new() { Value = context.EventId },
                    new() { Value = context.Delivery },
                },
            });
        }

        return Task.CompletedTask;
    }
}

using System.Diagnostics;
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
            context.Enqueue(new NpgsqlBatchCommand("insert into public.effects values ($1, $2, $3, $4)")
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

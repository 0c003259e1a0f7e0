using System.Globalization;
using CsCheck;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Inbox;
using FanOut.EventBus.Tests.Reclaiming;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Consuming;

/// <summary>Whatever subset of a batch fails, and however: each of its entries is done, parked or a dead letter, Postgres says the same, and where a batch is held nothing of it has happened.</summary>
public sealed class BatchBookkeepingTests
{
    private const int MaxDeliveries = 3;

    private static readonly Gen<DeliveryKind[]> Batches = Gen.OneOf(
        Gen.OneOf(Gen.Const(DeliveryKind.Fine), Gen.Enum<DeliveryKind>()).Array[1, 12],
        Gen.Enum<DeliveryKind>().Array[1, 5]);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Each_entry_of_a_batch_ends_in_one_state_and_Postgres_says_the_same(bool batches)
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var eventTypes = new EventTypeRegistry();
        var ping = new EventType(Ping.EventType, typeof(Ping), PingJson.Default.Ping);
        eventTypes.Add(ping);
        Subscription[] subscriptions = [batches ? new BatchHandlerSubscription<Ping, PingBatchHandler>(ping) : new HandlerSubscription<Ping, PingHandler>(ping)];
        var reader = new DeliveryReader(eventTypes, subscriptions, world.Key);
        var groups = 0;
        await Batches.SampleAsync(
            async kinds =>
            {
                var group = new GroupName($"g{Interlocked.Increment(ref groups)}");
                await using var services = Services(kinds);
                var processor = new BatchProcessor(world.Stream, group, "lane", MaxDeliveries, world.Bus.Postgres, services.GetRequiredService<IServiceScopeFactory>(), subscriptions);
                var deliveries = kinds.Select((kind, i) => reader.Read(world.Key, Entry(i, kind), kind == DeliveryKind.ThrowsForTheLastTime ? MaxDeliveries : 1)!).ToArray();
                await PrepareAsync(world, group, deliveries, kinds);

                var outcome = await HandleAsync(world, group, processor, deliveries);

                var letters = await LettersAsync(world, group);
                Assert.Equal(
                    Enumerable.Range(0, kinds.Length),
                    outcome.Done.Concat(outcome.Failed).Select(delivery => Array.IndexOf(deliveries, delivery)).Concat(outcome.DeadLetters.Select(number => Array.FindIndex(deliveries, delivery => delivery.Entry == letters[number]))).Order());
                var covered = await CoveredAsync(world, group, deliveries);
                var effects = await EffectsAsync(world, group);
                for (var i = 0; i < kinds.Length; i++)
                {
                    var (state, effect) = Expected(kinds[i]);
                    var found = outcome.Done.Contains(deliveries[i]) ? "done" : outcome.Failed.Contains(deliveries[i]) ? "parked" : "dead";
                    Assert.Equal((i, state, state != "parked", effect), (i, found, covered.Contains(deliveries[i].Entry), effects.Count(number => number == i)));
                }
            },
            time: Effort.Seconds(3),
            threads: 1);
    }

    private static (string State, int Effects) Expected(DeliveryKind kind) => kind switch
    {
        DeliveryKind.Fine => ("done", 1),
        DeliveryKind.WantedByNobody or DeliveryKind.DoneBefore => ("done", 0),
        DeliveryKind.Throws or DeliveryKind.BreaksItsTransaction or DeliveryKind.HidesThatItsTransactionIsBroken => ("parked", 0),
        _ => ("dead", 0),
    };

    /// <summary>As a lane does: together, or else one by one; and where all fail alike, once more when other lanes have shown that the environment is well.</summary>
    private static async Task<BatchOutcome> HandleAsync(ReclaimingWorld world, GroupName group, BatchProcessor processor, Delivery[] deliveries)
    {
        using var traces = BatchTrace.Start(world.Stream, group, "lane", deliveries);
        if (deliveries.All(delivery => delivery.Malformed is null))
        {
            var before = await StateAsync(world, group);
            try
            {
                return await processor.HandleTogetherAsync(deliveries, null, traces, Cancellation);
            }
            catch (Exception e) when (!Fault.IsEnvironment(e))
            {
                Assert.Equal(before, await StateAsync(world, group));
            }
        }

        var held = await StateAsync(world, group);
        try
        {
            return await processor.HandleOneByOneAsync(deliveries, null, blameEvents: false, traces, Cancellation);
        }
        catch (AllFailedAlikeException)
        {
            Assert.Equal(held, await StateAsync(world, group));
            return await processor.HandleOneByOneAsync(deliveries, null, blameEvents: true, traces, Cancellation);
        }
    }

    private static ServiceProvider Services(DeliveryKind[] kinds) => new ServiceCollection()
        .AddSingleton(new HandlerScript
        {
            On = async (number, connection, cancellationToken) =>
            {
                switch (kinds[number])
                {
                    case DeliveryKind.Throws or DeliveryKind.ThrowsForTheLastTime:
                        throw new InvalidOperationException($"No {number}.");
                    case DeliveryKind.Rejected:
                        throw new RejectEventException($"Never {number}.");
                    case DeliveryKind.BreaksItsTransaction:
                        await FailAsync(connection, cancellationToken);
                        break;
                    case DeliveryKind.HidesThatItsTransactionIsBroken:
                        await Assert.ThrowsAsync<PostgresException>(() => FailAsync(connection, cancellationToken));
                        break;
                }
            },
        })
        .AddScoped<PingHandler>()
        .AddScoped<PingBatchHandler>()
        .BuildServiceProvider();

    private static async Task FailAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("select 1 / 0", connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static StreamEntry Entry(int number, DeliveryKind kind)
    {
        // A hole now and then, and a change of millisecond: ranges must not span either.
        RedisValue id = new EntryId(1_000 + (number / 5), number + (number / 3)).ToString();
        return kind switch
        {
            DeliveryKind.Malformed => new(id, [new("nonsense", number)]),
            DeliveryKind.WantedByNobody => new(id, [.. BusWorld.Event(number).Select(field => field.Name == EventFields.Type ? new NameValueEntry(field.Name, "test.other") : field)]),
            _ => new(id, BusWorld.Event(number)),
        };
    }

    private static async Task PrepareAsync(ReclaimingWorld world, GroupName group, Delivery[] deliveries, DeliveryKind[] kinds)
    {
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        for (var i = 0; i < kinds.Length; i++)
        {
            if (kinds[i] == DeliveryKind.DoneBefore)
            {
                await new InboxTable(world.Stream, group).TakeAsync(connection, [deliveries[i].Entry], Cancellation);
            }
            else if (kinds[i] == DeliveryKind.DeadBefore)
            {
                var letter = new DeadLetter { Entry = deliveries[i].Entry, RedriveId = null, Fields = deliveries[i].Fields, Consumer = "other", Deliveries = 1, Error = "Before." };
                await DeadLetterStore.TryAddAsync(connection, world.Stream, group, letter, Cancellation);
            }
        }
    }

    private static async Task<Dictionary<long, EntryId>> LettersAsync(ReclaimingWorld world, GroupName group)
        => (await RowsAsync(world, $"select number, entry from bus.dead_letters where \"group\" = '{group}'", row => (row.GetInt64(0), EntryId.FromInt64(row.GetInt64(1))))).ToDictionary();

    private static Task<List<int>> EffectsAsync(ReclaimingWorld world, GroupName group)
        => RowsAsync(world, $"select number from effects where group_name = '{group}'", row => row.GetInt32(0));

    private static async Task<HashSet<EntryId>> CoveredAsync(ReclaimingWorld world, GroupName group, Delivery[] deliveries)
    {
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        return await new InboxTable(world.Stream, group).FindCoveredAsync(connection, Array.ConvertAll(deliveries, delivery => delivery.Entry), Cancellation);
    }

    private static async Task<string> StateAsync(ReclaimingWorld world, GroupName group)
        => string.Join(
            ", ",
            await RowsAsync(
                world,
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"""
                    select 'inbox ' || entries::text from bus.inbox where "group" = '{group}' union all select 'dead ' || entry from bus.dead_letters where "group" = '{group}'
                    union all select 'failed ' || entry from bus.failure where "group" = '{group}' union all select 'effect ' || number from effects where group_name = '{group}' order by 1
                    """),
                row => row.GetString(0)));

    private static async Task<List<T>> RowsAsync<T>(ReclaimingWorld world, string sql, Func<NpgsqlDataReader, T> read)
    {
        await using var command = world.Bus.Postgres.CreateCommand(sql);
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(Cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }
}

using FanOut.TestServers;
using FanOut.TestServers.Gates;
using Npgsql;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>Two relays of one stream, writers that are slow or roll back, lost calls, lost replies and deaths, in any order.</summary>
public sealed class RelayInterleavingTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Whatever_happens_between_two_steps_each_event_is_published_once_and_causes_come_first(int seed)
    {
        await using var world = await OutboxWorld.CreateAsync();
        var (committed, _) = await PlayAsync(world, seed, loseRedis: null);
        var published = await world.PublishedAsync();
        Assert.Equal(committed.Select(item => item.Id).Order(), published.Order());
        var order = published.Select((id, index) => (id, index)).ToDictionary(pair => pair.id, pair => pair.index);
        Assert.All(committed, item => Assert.All(item.Causes, cause => Assert.True(order[cause] < order[item.Id])));
    }

    [Fact]
    public async Task Also_when_Redis_goes_back_each_event_is_on_the_stream()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(server);
        RedisSnapshot? saved = null;
        var (committed, losses) = await PlayAsync(world, seed: 3, async random =>
        {
            if (random.Next(3) == 0 || saved is null)
            {
                saved = await RedisSnapshot.TakeAsync(world.Redis);
                return false;
            }

            await saved.RestoreAsync(world.Redis);
            return true;
        });
        Assert.NotEqual(0, losses);
        await world.AssertAllPublishedAsync([.. committed.Select(item => new TestEvent(0, item.Id, "", 0))]);
    }

    private static async Task<(List<Written> Committed, int Losses)> PlayAsync(OutboxWorld world, int seed, Func<Random, Task<bool>>? loseRedis)
    {
        var random = new Random(seed);
        var (relays, open, committed) = (new List<RelayActor>(), new List<Writer>(), new List<Written>());
        var (names, losses) = (0, 0);
        for (var until = Effort.Seconds(1) * 400; until > 0; until--)
        {
            while (relays.Count < 2)
            {
                relays.Add(new RelayActor(world.Bus, $"relay-{++names}", options => options.BatchSize = 5));
                relays[^1].Start();
            }

            var relay = relays[random.Next(relays.Count)];
            switch (random.Next(100))
            {
                case < 70:
                    await relay.TurnAsync(1 + random.Next(3), Patience);
                    break;
                case < 74:
                    await relay.StumbleAsync(random.Next(2) == 0 ? CallFate.Refused : CallFate.ReplyLost);
                    break;
                case < 75:
                    await relay.KillAsync(afterCall: random.Next(2) == 0);
                    await relay.DisposeAsync();
                    relays.Remove(relay);
                    break;
                case < 77 when loseRedis is not null:
                    losses += await loseRedis(random) ? 1 : 0;
                    break;
                case < 90 when open.Count < 6:
                    open.Add(await Writer.BeginAsync(world, [.. committed.TakeLast(3).Select(item => item.Id)]));
                    break;
                case < 100 when open.Count > 0:
                    var writer = open[random.Next(open.Count)];
                    open.Remove(writer);
                    if (await writer.EndAsync(commit: random.Next(4) > 0))
                    {
                        committed.Add(writer.Event);
                    }

                    break;
            }
        }

        foreach (var writer in open)
        {
            await writer.EndAsync(commit: false);
        }

        foreach (var relay in relays)
        {
            await relay.DisposeAsync();
        }

        // The last of all is published once the others are.
        var last = await world.Bus.AddEventsAsync(1);
        committed.Add(new Written(last[0].Id, []));
        await world.StartRelayAsync();
        await world.AssertAllPublishedAsync([.. committed.Select(item => new TestEvent(0, item.Id, "", 0))]);
        return (committed, losses);
    }

    private sealed record Written(Guid Id, Guid[] Causes);

    private sealed class Writer(NpgsqlConnection connection, NpgsqlTransaction transaction, Written written)
    {
        public Written Event => written;

        public static async Task<Writer> BeginAsync(OutboxWorld world, Guid[] causes)
        {
            var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
            var transaction = await connection.BeginTransactionAsync(Cancellation);
            await using var insert = new NpgsqlCommand(
                """
                insert into bus.outbox (stream, position, id, type, source, subject, time, data)
                values (1, bus.next_position(1), $1, 'test.ping', 's', 's', now(), '{}')
                """,
                connection);
            var id = Guid.NewGuid();
            insert.Parameters.AddWithValue(id);
            await insert.ExecuteNonQueryAsync(Cancellation);
            return new Writer(connection, transaction, new Written(id, causes));
        }

        public async Task<bool> EndAsync(bool commit)
        {
            await (commit ? transaction.CommitAsync(Cancellation) : transaction.RollbackAsync(Cancellation));
            await connection.DisposeAsync();
            return commit;
        }
    }
}

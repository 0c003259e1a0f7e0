using System.Collections.Concurrent;
using FanOut.EventBus.Publishing;
using FanOut.TestServers;
using FanOut.TestServers.Network;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class RelayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>Such a server answers every query, and has no new rows.</summary>
    [Fact]
    public async Task A_relay_leaves_a_server_that_was_made_read_only_and_stays_up()
    {
        await using var primary = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(postgres: primary);
        await using var standby = await PostgresStandby.StartAsync(primary, cancellationToken: Cancellation);
        await using var proxy = TcpProxy.Start(primary.Port);
        await using var behindProxy = DataSource(proxy.Port);
        await using var promoted = DataSource(standby.Port);
        await world.StartRelayAsync(postgres: behindProxy);
        var before = await world.Bus.AddEventsAsync(1);
        await world.AssertPublishedAsync(before);
        await standby.CatchUpAsync(Cancellation);

        await primary.MakeReadOnlyAsync(Cancellation);
        await standby.PromoteAsync(Cancellation);
        proxy.UpstreamPort = standby.Port;

        await world.AssertPublishedAsync([.. before, .. await world.Bus.AddEventsAsync(1, postgres: promoted)]);

        NpgsqlDataSource DataSource(int port) => NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(world.Bus.Database.ConnectionString) { Port = port, Pooling = false }.ConnectionString);
    }

    [Fact]
    public async Task Slow_or_rolled_back_writers_publish_each_event_once_in_causal_order()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var hosts = new[] { await world.StartRelayAsync(options => options.BatchSize = 7), await world.StartRelayAsync() };
        var outbox = hosts[0].Services.GetRequiredService<Outbox>();
        var committed = new ConcurrentBag<Guid>();
        var causes = new ConcurrentBag<(Guid Cause, Guid Effect)>();
        var latest = new ConcurrentDictionary<int, Guid>();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
            for (var i = 0; i < 100; i++)
            {
                // Another writer's committed event, which this one follows.
                var cause = latest.TryGetValue(random.Next(12), out var known) ? known : (Guid?)null;
                await using var transaction = await connection.BeginTransactionAsync(Cancellation);
                var events = Enumerable.Range(0, random.Next(1, 4)).Select(_ => new NewEvent<Ping>("s", new Ping(i))).ToArray();
                await outbox.AddAsync(connection, events, Cancellation);
                if (random.Next(4) == 0)
                {
                    await using var delay = new NpgsqlCommand($"select pg_sleep({random.Next(1, 80) / 1000.0})", connection);
                    await delay.ExecuteNonQueryAsync(Cancellation);
                }

                if (random.Next(8) == 0)
                {
                    await transaction.RollbackAsync(Cancellation);
                    continue;
                }

                await transaction.CommitAsync(Cancellation);
                outbox.NotifyCommitted();
                foreach (var item in events)
                {
                    committed.Add(item.Id);
                    if (cause is not null)
                    {
                        causes.Add((cause.Value, item.Id));
                    }
                }

                latest[writer] = events[^1].Id;
            }
        })));

        await world.UntilLengthAsync(committed.Count);
        var published = await world.PublishedAsync();
        Assert.Equal(committed.Order(), published.Order());
        var order = published.Select((id, index) => (id, index)).ToDictionary(pair => pair.id, pair => pair.index);
        Assert.DoesNotContain(causes, pair => order[pair.Cause] > order[pair.Effect]);
        Assert.NotEmpty(causes);
    }

    [Fact]
    public async Task A_long_transaction_delays_only_its_own_events()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        var outbox = host.Services.GetRequiredService<Outbox>();
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var late = new NewEvent<Ping>("late", new Ping(0));
        await outbox.AddAsync(connection, late, Cancellation);
        var early = await world.Bus.AddEventsAsync(100);
        await world.AssertPublishedAsync(early);
        await transaction.CommitAsync(Cancellation);
        await world.UntilLengthAsync(101);
        var published = await world.PublishedAsync();
        Assert.Equal([.. early.Select(item => item.Id), late.Id], published);
    }

    [Fact]
    public async Task A_transaction_with_more_events_than_one_read_returns_loses_none_of_them()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using (var insert = new NpgsqlCommand(
            "insert into bus.outbox select 1, bus.next_position(1), gen_random_uuid(), 't', 's', 's', now(), '{}' from generate_series(1, 5)",
            connection))
        {
            await insert.ExecuteNonQueryAsync(Cancellation);
        }

        await world.Bus.AddEventsAsync(1);
        await world.StartRelayAsync(options => options.BatchSize = 2);
        await world.UntilLengthAsync(1);

        // The relay has read once more by then, and knows when the gap's writers have ended.
        await world.Bus.AddEventsAsync(1);
        await world.UntilLengthAsync(2);
        await transaction.CommitAsync(Cancellation);
        await world.UntilLengthAsync(7);
        Assert.Equal([6L, 7, 1, 2, 3, 4, 5], (await world.EntriesAsync()).Select(entry => (long)entry["position"]));
    }

    [Fact]
    public async Task A_gap_is_given_up_once_no_older_transaction_is_open_and_the_next_relay_knows_it_until_then()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var open = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var older = await open.BeginTransactionAsync(Cancellation);
        await using (var draw = new NpgsqlCommand($"select pg_current_xact_id()", open))
        {
            await draw.ExecuteScalarAsync(Cancellation);
        }

        // The positions 1 to 3 roll back; 4 is late.
        await world.Bus.ExecuteAsync("do $$ begin perform bus.next_position(1) from generate_series(1, 3); end $$");
        await using var slow = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var late = await slow.BeginTransactionAsync(Cancellation);
        await using (var insert = new NpgsqlCommand(
            "insert into bus.outbox select 1, bus.next_position(1), gen_random_uuid(), 't', 's', 's', now(), '{}'", slow))
        {
            await insert.ExecuteNonQueryAsync(Cancellation);
        }

        await world.Bus.AddEventsAsync(1);
        var first = await world.StartRelayAsync();
        await world.UntilLengthAsync(1);
        await OutboxWorld.StopAsync(first);
        Assert.Equal([new Gap(1, 4)], (await world.StateAsync()).Gaps);

        var second = await world.StartRelayAsync();
        await OutboxWorld.UntilStateAsync(second, RelayState.Leading);
        await world.Bus.AddEventsAsync(1);
        await world.UntilLengthAsync(2);
        Assert.Equal([new Gap(1, 4)], (await world.StateAsync()).Gaps);
        await late.CommitAsync(Cancellation);
        await world.UntilLengthAsync(3);
        Assert.Equal([new Gap(1, 3)], (await world.StateAsync()).Gaps);
        await older.RollbackAsync(Cancellation);

        // The horizon is the whole server's: transactions of other tests' databases hold it back too, while they last.
        await BusWorld.UntilAsync(
            async () =>
            {
                await world.Bus.AddEventsAsync(1);
                return (await world.StateAsync()).Gaps is [];
            },
            () => "the positions given up");
        Assert.Equal([5L, 6, 4], (await world.EntriesAsync()).Take(3).Select(entry => (long)entry["position"]));
    }

    [Fact]
    public async Task When_the_leader_stops_or_shows_no_progress_another_replica_takes_over()
    {
        await using var world = await OutboxWorld.CreateAsync();

        // The lease of a process that was killed.
        await world.Redis.StringSetAsync(StreamKeys.Lease(world.Bus.Stream), "killed:7");
        var first = await world.StartRelayAsync();
        await OutboxWorld.UntilStateAsync(first, RelayState.Leading);
        var second = await world.StartRelayAsync();
        var events = await world.Bus.AddEventsAsync(10);
        await world.AssertPublishedAsync(events);
        Assert.Equal(RelayState.Standby, second.Services.GetRequiredService<RelayStatus>().State);
        await OutboxWorld.StopAsync(first);
        await OutboxWorld.UntilStateAsync(second, RelayState.Leading);
        await world.AssertPublishedAsync([.. events, .. await world.Bus.AddEventsAsync(10)]);
    }

    [Fact]
    public async Task A_relay_that_can_publish_nothing_does_not_keep_the_others_away()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var other = await OutboxWorld.CreateAsync();
        var events = await world.Bus.AddEventsAsync(10);
        var first = await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        await OutboxWorld.StopAsync(first);

        // Another system takes this stream for its own, and its relay has the lease.
        var builder = world.Configure();
        builder.Services.AddSingleton(other.Postgres);
        await OutboxWorld.UntilStateAsync(await world.Bus.StartAsync(builder), RelayState.Stopped);
        await world.StartRelayAsync();
        await world.AssertPublishedAsync([.. events, .. await world.Bus.AddEventsAsync(10)]);
    }

    [Fact]
    public async Task A_leader_whose_lease_was_taken_stands_by()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        await OutboxWorld.UntilStateAsync(host, RelayState.Leading);
        await world.Redis.StringSetAsync(StreamKeys.Lease(world.Bus.Stream), "other:1");
        await OutboxWorld.UntilStateAsync(host, RelayState.Standby);
    }

    [Fact]
    public async Task Large_events_are_read_in_bounded_pages_and_small_ones_behind_them()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.ExecuteAsync("""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data)
            select 1, bus.next_position(1), gen_random_uuid(), 'test.ping', 't', 's', now(),
                convert_to(repeat('x', case when n % 10 = 0 then 3000000 else 100 end), 'UTF8')
            from generate_series(1, 60) n
            """);
        await using var relay = await world.RelayByHandAsync(options => options.BatchBytes = 1 << 20);
        await relay.Reader.OpenAsync(Cancellation);
        var page = await relay.Reader.ReadAsync(new GapTracker(0, []), Cancellation);
        Assert.InRange(page.Count, 1, 10);
        Assert.True(page.IsFull);

        await world.StartRelayAsync(options => options.BatchBytes = 1 << 20);
        await world.UntilLengthAsync(60);
        Assert.Equal(60, (await world.PublishedAsync()).Distinct().Count());
    }

    [Fact]
    public async Task A_sequence_that_was_set_far_ahead_holds_up_nothing()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.StartRelayAsync();
        var events = await world.Bus.AddEventsAsync(1);
        await world.AssertPublishedAsync(events);
        await world.Bus.ExecuteAsync("select setval('bus.position_1', 9000000)");
        var more = await world.Bus.AddEventsAsync(1);
        await world.AssertPublishedAsync([.. events, .. more]);
    }

    [Fact]
    public async Task Rows_that_no_outbox_writes_are_published_as_far_as_they_can_be()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.ExecuteAsync("""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data, headers)
            select 1, bus.next_position(1), gen_random_uuid(), 'test.ping', 't', 's', time, '{}', headers
            from (values
                ('infinity'::timestamptz, '[1, "a"]'::jsonb), ('-infinity', '{"a": 1, "b": {"c": []}, "d": "e"}'), ('4000-01-01 BC', '"text"'),
                ('200000-01-01', (select jsonb_object_agg('h' || n, n::text) from generate_series(1, 9000) n)),
                (now(), (repeat('[', 2000) || repeat(']', 2000))::jsonb)) as row (time, headers)
            """);
        await world.StartRelayAsync();
        await world.UntilLengthAsync(5);
        var entries = await world.EntriesAsync();
        Assert.All(entries, entry => Assert.Null(Wire.WireEvent.TryRead(entry.Values, out _)));
        Assert.Equal("e", entries[1]["d"]);
        Assert.Equal(100, entries[3].Values.Length - Wire.EventFields.Count);
    }

    [Fact]
    public async Task A_hundred_thousand_events_are_published_once_in_order()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.ExecuteAsync("""
            insert into bus.outbox (stream, position, id, type, source, subject, time, data)
            select 1, bus.next_position(1), gen_random_uuid(), 'test.ping', 't', 's', now(), '{}' from generate_series(1, 100000)
            """);
        await world.StartRelayAsync();
        await world.UntilLengthAsync(100_000);
        var expected = new List<Guid>();
        await using var command = world.Postgres.CreateCommand("select id from bus.outbox order by position");
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
        {
            expected.Add(reader.GetGuid(0));
        }

        Assert.Equal(expected, await world.PublishedAsync());
    }
}

using System.Collections.Concurrent;
using System.Diagnostics;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Tests.Reclaiming;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class RelayTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_are_published_once_in_order_with_all_their_fields()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        var time = new DateTimeOffset(1996, 7, 4, 10, 20, 30, 123, TimeSpan.FromHours(2));
        await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            await world.AddAsync(connection, new NewEvent<Ping>("größe", new Ping(1)) { Time = time });
        }

        var rest = await world.AddAsync(3_000, 2);
        await world.UntilLengthAsync(3_001);
        var entries = await world.EntriesAsync();
        Assert.Equal(rest.Select(item => item.Id), (await world.PublishedAsync()).Skip(1));
        Assert.Equal(["id", "type", "source", "subject", "time", "data", "traceparent", "tracestate"], entries[0].Values.Select(field => (string)field.Name!));
        Assert.Null(WireEvent.TryRead(entries[0].Values, out var wire));
        Assert.Equal(time, wire.Time);
        Assert.Equal("größe", wire.ToMetadata("").Subject);
        Assert.Equal("""{"number":1}""", System.Text.Encoding.UTF8.GetString(wire.Data.Span));
        Assert.Equal(3_001L, await world.ScalarAsync("select max(total) from bus.relay_batch"));
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Concurrent_writers_that_dawdle_and_roll_back_lose_nothing_double_nothing_and_keep_causes_before_effects()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var hosts = new[] { await world.StartRelayAsync(), await world.StartRelayAsync() };
        var committed = new ConcurrentBag<Guid>();
        var causes = new ConcurrentBag<(Guid Cause, Guid Effect)>();
        var latest = new ConcurrentDictionary<int, Guid>();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(writer => Task.Run(async () =>
        {
            var random = new Random(writer);
            await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
            for (var i = 0; i < 150; i++)
            {
                // Somebody's committed event, which this one follows.
                var cause = latest.TryGetValue(random.Next(12), out var known) ? known : (Guid?)null;
                await using var transaction = await connection.BeginTransactionAsync(Cancellation);
                var events = Enumerable.Range(0, random.Next(1, 4)).Select(_ => new NewEvent<Ping>("s", new Ping(i))).ToArray();
                await world.AddAsync(connection, events);
                if (random.Next(4) == 0)
                {
                    await using var dawdle = new NpgsqlCommand($"select pg_sleep({random.Next(1, 80) / 1000.0})", connection);
                    await dawdle.ExecuteNonQueryAsync(Cancellation);
                }

                if (random.Next(8) == 0)
                {
                    await transaction.RollbackAsync(Cancellation);
                    continue;
                }

                await transaction.CommitAsync(Cancellation);
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
        await Task.WhenAll(hosts.Select(OutboxWorld.StopAsync));
    }

    [Fact]
    public async Task A_long_open_transaction_delays_only_its_own_events()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var late = new NewEvent<Ping>("late", new Ping(0));
        await world.AddAsync(connection, late);
        var early = await world.AddAsync(100);
        await world.AssertPublishedAsync(early);
        await transaction.CommitAsync(Cancellation);
        await world.AssertPublishedAsync([.. early, late]);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_gap_outlives_its_leader_and_is_filled_by_the_next()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        var late = new NewEvent<Ping>("late", new Ping(0));
        await world.AddAsync(connection, late);
        var early = await world.AddAsync(10);
        await using (var leader = await world.LeadByHandAsync())
        {
            Assert.Equal(early.Select(item => item.Id), await leader.PublishAsync());
            await world.AddAsync(1, 11);
            Assert.Single(await leader.PublishAsync());
            Assert.Single(leader.Gaps.Gaps);
        }

        await using var next = await world.LeadByHandAsync();
        Assert.Single(next.Gaps.Gaps);
        await transaction.CommitAsync(Cancellation);
        Assert.Equal(late.Id, Assert.Single(await next.PublishAsync()));
        Assert.Empty(next.Gaps.Gaps);
    }

    [Fact]
    public async Task A_rolled_back_position_is_given_up_once_no_older_transaction_is_open_and_not_before()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using var open = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var older = await open.BeginTransactionAsync(Cancellation);
        await using (var draw = new NpgsqlCommand("select pg_current_xact_id()", open))
        {
            await draw.ExecuteScalarAsync(Cancellation);
        }

        await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            await using var transaction = await connection.BeginTransactionAsync(Cancellation);
            await world.AddAsync(connection, new NewEvent<Ping>("never", new Ping(0)));
            await transaction.RollbackAsync(Cancellation);
        }

        await world.AddAsync(1);
        await using var leader = await world.LeadByHandAsync();
        Assert.Single(await leader.PublishAsync());
        Assert.Empty(await leader.PublishAsync());
        Assert.Single(leader.Gaps.Gaps);
        await older.RollbackAsync(Cancellation);

        // The horizon is the whole server's: transactions of other tests' databases hold it back too, while they last.
        await BusWorld.UntilAsync(async () =>
        {
            Assert.Empty(await leader.PublishAsync());
            return !leader.Gaps.Gaps.Any();
        }, () => "the position given up");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(8)]
    public async Task A_leader_that_dies_between_fixing_and_finishing_is_continued_under_the_same_ids(int chunksAppended)
    {
        await using var world = await OutboxWorld.CreateAsync();
        var events = await world.AddAsync(1_000);
        RelayBatch batch;
        await using (var dying = await world.LeadByHandAsync())
        {
            batch = (await dying.FixAsync())!;
            await AppendChunksAsync(dying, batch, chunksAppended);
        }

        var more = await world.AddAsync(10, 1_001);
        var host = await world.StartRelayAsync();
        await world.AssertPublishedAsync([.. events, .. more]);
        Assert.Equal(Enumerable.Range(0, 1_000).Select(k => $"{batch.Milliseconds}-{k}"), (await world.EntriesAsync()).Take(1_000).Select(entry => (string)entry.Id!));
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_lost_reply_is_answered_by_appending_again_without_a_second_entry()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var events = await world.AddAsync(500);
        await using var leader = await world.LeadByHandAsync();
        var batch = (await leader.FixAsync())!;
        for (var attempt = 0; attempt < 3; attempt++)
        {
            batch.Next = 0;
            Assert.Equal(AppendStatus.Appended, (await leader.Appender.AppendAsync(batch)).Status);
        }

        await world.AssertPublishedAsync(events);
    }

    [Fact]
    public async Task A_former_leader_cannot_extend_the_chain_and_what_it_appends_late_does_no_harm()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var events = await world.AddAsync(1_000);
        await using var zombie = await world.LeadByHandAsync();
        var stale = (await zombie.FixAsync())!;
        await world.ExecuteAsync("select pg_terminate_backend(pid) from pg_locks join pg_stat_activity using (pid) where datname = current_database() and locktype = 'advisory' and application_name = 'fanout-relay'");

        var host = await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        var more = await world.AddAsync(100, 1_001);
        await world.UntilLengthAsync(1_100);

        stale.Next = 0;
        Assert.Equal(AppendStatus.Appended, (await zombie.Appender.AppendAsync(stale)).Status);
        await Assert.ThrowsAnyAsync<NpgsqlException>(() => zombie.FixAsync());
        await world.AssertPublishedAsync([.. events, .. more]);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Two_leaders_cannot_fork_the_chain()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.AddAsync(1);
        await using var first = await world.LeadByHandAsync();
        await using var second = await RelaySession.OpenAsync(world.Postgres, Cancellation);
        Assert.False(await second.TryLeadAsync(Cancellation));

        // Even had it been given the lock: both follow the same batch.
        var (chain, gaps) = await second.LoadAsync(Cancellation);
        await first.PublishAsync();
        await using var insert = world.Postgres.CreateCommand(
            $"insert into bus.relay_batch (ms, predecessor, positions, event_count, live_count, total, highest, gaps, gaps_from, checksum) values (9999999999999, {chain.Tip}, '{{[1,2)}}', 1, 1, 1, {gaps.Highest}, '{{}}', 0, 0)");
        Assert.Equal(PostgresErrorCodes.UniqueViolation, (await Assert.ThrowsAsync<PostgresException>(() => insert.ExecuteNonQueryAsync(Cancellation))).SqlState);
    }

    [Fact]
    public async Task When_the_leader_goes_another_replica_takes_over()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var first = await world.StartRelayAsync();
        await OutboxWorld.UntilStateAsync(first, RelayState.Leading);
        var second = await world.StartRelayAsync();
        await OutboxWorld.UntilStateAsync(second, RelayState.Standby);
        var events = await world.AddAsync(10);
        await world.AssertPublishedAsync(events);
        await OutboxWorld.StopAsync(first);
        await OutboxWorld.UntilStateAsync(second, RelayState.Leading);
        var more = await world.AddAsync(10, 11);
        await world.AssertPublishedAsync([.. events, .. more]);
        await OutboxWorld.StopAsync(second);
    }

    [Fact]
    public async Task A_foreign_entry_above_unused_ids_makes_their_events_come_under_new_ones_in_order()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var first = await world.AddAsync(10);

        // It looks at the stream only when it appends, so it does not know of the foreign entry and takes the present for its next ids; and the next batch is fixed before this one's fate is known.
        var host = await world.StartRelayAsync(options =>
        {
            options.BatchSize = 100;
            options.CheckInterval = TimeSpan.FromMinutes(1);
        });
        await world.AssertPublishedAsync(first);
        var foreign = (string)(await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds()}-5"))!;
        var more = await world.AddAsync(1_000, 11);
        await world.UntilLengthAsync(1_011);
        Assert.Equal(first.Concat(more).Select(item => item.Id), await world.PublishedAsync());
        var entries = await world.EntriesAsync();
        Assert.Equal(foreign, entries[10].Id);
        Assert.Equal(1_010L, await world.ScalarAsync("select total from bus.relay_batch order by ms desc limit 1"));
        Assert.True((long)(await world.ScalarAsync("select count(*) from bus.relay_batch where replaced_by is not null"))! >= 2);
        Assert.Equal(1_010L, await world.ScalarAsync("select sum(live_count) from bus.relay_batch"));
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Foreign_entries_that_keep_taking_fixed_ids_hold_up_nothing_for_good_and_are_told_once()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var log = new LogRecorder();
        var host = await world.StartRelayAsync(log: log);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var writer = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => world.Redis.StreamAddAsync(world.Key, "x", "1")));
            }
        }, Cancellation);
        var events = new List<NewEvent<Ping>>();
        for (var round = 0; round < 5; round++)
        {
            events.AddRange(await world.AddAsync(2_000, 1 + (round * 2_000)));
        }

        await BusWorld.UntilAsync(async () => await world.ScalarAsync("select total from bus.relay_batch order by ms desc limit 1") is 10_000L, () => "all fixed");
        await stop.CancelAsync();
        await writer;
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length >= 10_000, () => "all published");

        Assert.Equal(events.Select(item => item.Id), await world.PublishedAsync());
        Assert.True((long)(await world.ScalarAsync("select count(*) from bus.relay_batch"))! < 400);
        Assert.InRange(log.Entries.Count(entry => entry.EventId.Id == 321), 0, 1);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_foreign_entry_under_a_fixed_id_that_was_never_used_makes_its_events_come_under_new_ones()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var first = await world.AddAsync(1);
        var future = TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeMilliseconds();
        await using (var leader = await world.LeadByHandAsync())
        {
            await leader.Appender.AppendAsync((await leader.FixAsync(milliseconds: future))!);
        }

        // The clock is behind the chain, so the relay takes just the next millisecond. It does not look at the stream before.
        var host = await world.StartRelayAsync(options => options.CheckInterval = TimeSpan.FromMinutes(1));
        await OutboxWorld.UntilStateAsync(host, RelayState.Leading);
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{future + 1}-0");
        var more = await world.AddAsync(300, 2);
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length >= 301, () => "all events");
        Assert.Equal(first.Concat(more).Select(item => item.Id), await world.PublishedAsync());
        Assert.Equal(1L, await world.ScalarAsync($"select count(*) from bus.relay_batch where ms = {future + 1} and live_count = 0 and replaced_by is not null"));
        await OutboxWorld.UntilStateAsync(host, RelayState.Leading);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_foreign_entry_under_an_id_that_a_dead_leader_had_fixed_is_moved_aside()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var events = await world.AddAsync(10);
        await using (var dying = await world.LeadByHandAsync())
        {
            await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{(await dying.FixAsync())!.Milliseconds}-3");
        }

        var host = await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        Assert.Equal("1", Assert.Single(await world.Redis.StreamRangeAsync(StreamKeys.Foreign(world.Stream)))["nonsense"]);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_pipelined_call_is_not_appended_behind_foreign_entries_that_took_the_ids_before_its_own()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.AddAsync(300);
        await using var leader = await world.LeadByHandAsync();
        var batch = (await leader.FixAsync())!;
        await AppendChunksAsync(leader, batch, 1);
        for (var sequence = RelayBatch.MostInChunk; sequence < 2 * RelayBatch.MostInChunk; sequence++)
        {
            await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", $"{batch.Milliseconds}-{sequence}");
        }

        batch.Next = 2 * RelayBatch.MostInChunk;
        Assert.Equal(AppendStatus.Behind, (await leader.Appender.AppendAsync(batch)).Status);
        Assert.Equal(2 * RelayBatch.MostInChunk, await world.Redis.StreamLengthAsync(world.Key));
    }

    [Fact]
    public async Task A_foreign_entry_with_an_id_too_large_for_any_to_follow_is_moved_away()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        var first = await world.AddAsync(10);
        await world.AssertPublishedAsync(first);
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", "18446744073709551615-18446744073709551615");
        var more = await world.AddAsync(10, 11);
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length == 20, () => "all events");
        await world.AssertPublishedAsync([.. first, .. more]);
        var moved = Assert.Single(await world.Redis.StreamRangeAsync(StreamKeys.Foreign(world.Stream)));
        Assert.Equal("18446744073709551615-18446744073709551615", moved["entry"]);
        Assert.Equal("1", moved["nonsense"]);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Another_event_under_a_fixed_id_stops_the_relay_with_an_alarm()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.AddAsync(10);
        await using (var dying = await world.LeadByHandAsync())
        {
            var batch = (await dying.FixAsync())!;
            await world.Redis.StreamAddAsync(world.Key, BusWorld.Event(1), $"{batch.Milliseconds}-3");
        }

        var host = await world.StartRelayAsync();
        await OutboxWorld.UntilStateAsync(host, RelayState.Stopped);
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);
        Assert.Equal(HealthStatus.Unhealthy, health.Entries["relay"].Status);
        Assert.Contains("another event stands under id", health.Entries["relay"].Description, StringComparison.Ordinal);
        Assert.Equal(1, await world.Redis.StreamLengthAsync(world.Key));
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task An_append_that_meets_another_event_under_its_id_writes_nothing()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.AddAsync(10);
        await using var leader = await world.LeadByHandAsync();
        var batch = (await leader.FixAsync())!;
        for (var k = 0; k <= 3; k++)
        {
            await world.Redis.StreamAddAsync(world.Key, "id", (k < 3 ? batch.Ids[k] : Guid.NewGuid()).ToString(), $"{batch.Milliseconds}-{k}");
        }

        var outcome = await leader.Appender.AppendAsync(batch);
        Assert.Equal((AppendStatus.Conflict, 3), (outcome.Status, outcome.Index));
        Assert.Equal(4, await world.Redis.StreamLengthAsync(world.Key));
    }

    [Fact]
    public async Task A_hundred_thousand_events_are_published()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.ExecuteAsync("insert into bus.outbox (id, type, source, subject, time, data) select gen_random_uuid(), 'test.ping', 't', 's', now(), '{}' from generate_series(1, 100000)");
        var host = await world.StartRelayAsync();
        await world.UntilLengthAsync(100_000);
        var expected = new List<Guid>();
        await using var command = world.Postgres.CreateCommand("select id from bus.outbox order by position");
        await using var reader = await command.ExecuteReaderAsync(Cancellation);
        while (await reader.ReadAsync(Cancellation))
        {
            expected.Add(reader.GetGuid(0));
        }

        Assert.Equal(expected, await world.PublishedAsync());
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Large_events_are_published_in_bounded_batches()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.ExecuteAsync("insert into bus.outbox (id, type, source, subject, time, data) select gen_random_uuid(), 'test.ping', 't', 's', now(), convert_to(repeat('x', case when n % 10 = 0 then 3000000 else 100 end), 'UTF8') from generate_series(1, 60) n");
        var host = await world.StartRelayAsync(options => options.BatchBytes = 4 << 20);
        await world.UntilLengthAsync(60);
        Assert.Equal(60, (await world.PublishedAsync()).Distinct().Count());
        Assert.True((long)(await world.ScalarAsync("select count(*) from bus.relay_batch"))! >= 3);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Events_that_come_one_by_one_share_batches_and_keep_their_order()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync(options => options.BatchInterval = TimeSpan.FromSeconds(1));
        var events = new List<NewEvent<Ping>>(await world.AddAsync(1));
        await world.UntilLengthAsync(1);
        for (var number = 2; number <= 50; number++)
        {
            events.AddRange(await world.AddAsync(1, number));
        }

        await world.AssertPublishedAsync(events);
        Assert.InRange((long)(await world.ScalarAsync("select count(*) from bus.relay_batch"))!, 2, 25);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task An_idle_relay_wakes_for_a_commit_in_another_process()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var leader = await world.StartRelayAsync(options => options.PollInterval = TimeSpan.FromSeconds(5));
        await OutboxWorld.UntilStateAsync(leader, RelayState.Leading);
        var other = await world.StartRelayAsync(options => options.PollInterval = TimeSpan.FromSeconds(5));
        await OutboxWorld.UntilStateAsync(other, RelayState.Standby);
        await BusWorld.UntilAsync(
            async () => (long)(await world.ScalarAsync("select count(*) from pg_stat_activity where query = 'listen fanout_outbox' and datname = current_database()"))! == 1, () => "a listener");
        var started = Stopwatch.GetTimestamp();
        var events = await world.AddAsync(1);
        await world.AssertPublishedAsync(events);
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(3), $"It took {Stopwatch.GetElapsedTime(started)}.");
        await OutboxWorld.StopAsync(other);
        await OutboxWorld.StopAsync(leader);
    }

    [Fact]
    public async Task A_full_outbox_refuses_events_until_it_has_drained()
    {
        await using var world = await OutboxWorld.CreateAsync();
        using var host = world.Build(options => options.MaxBacklog = 100);
        var (outbox, backlog) = (host.Services.GetRequiredService<Outbox>(), host.Services.GetRequiredService<OutboxBacklog>());
        await world.AddAsync(100);
        await backlog.MeasureAsync(Cancellation);
        Assert.True(outbox.IsFull);
        Assert.Equal(100, Assert.Throws<OutboxFullException>(() => outbox.CreateCommand([new NewEvent<Ping>("s", new Ping(1))])).Backlog);
        await using (var leader = await world.LeadByHandAsync())
        {
            await leader.PublishAsync();
        }

        await backlog.MeasureAsync(Cancellation);
        Assert.False(outbox.IsFull);
        Assert.Equal(0, outbox.Backlog);
    }

    [Fact]
    public async Task Outbox_rows_cannot_be_changed()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.AddAsync(1);
        var refused = await Assert.ThrowsAsync<PostgresException>(() => world.ExecuteAsync("update bus.outbox set subject = 'x'"));
        Assert.Contains("immutable", refused.MessageText, StringComparison.Ordinal);
    }

    private static async Task AppendChunksAsync(ManualRelay relay, RelayBatch batch, int chunks)
    {
        // As many calls as a crash would have let through.
        var count = 0;
        for (var i = 0; i < chunks && count < batch.Count; i++)
        {
            count += batch.ChunkAt(count);
        }

        if (count > 0)
        {
            var part = new RelayBatch(batch.Positions[..count], batch.Ids[..count], batch.Values(0, count).ToArray());
            part.Fix(batch.Milliseconds, batch.After, batch.AfterEvent, neverAppended: true);
            Assert.Equal(AppendStatus.Appended, (await relay.Appender.AppendAsync(part)).Status);
        }
    }
}

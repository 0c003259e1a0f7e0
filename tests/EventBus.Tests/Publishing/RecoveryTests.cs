using System.Globalization;
using FanOut.EventBus.Publishing;
using FanOut.EventBus.Tests.Reclaiming;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>Whatever Redis or Postgres does, each event ends up on the stream once, under the id it was given.</summary>
public sealed class RecoveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("flush")]
    [InlineData("delete")]
    [InlineData("delete and foreign")]
    public async Task Entries_that_redis_lost_come_back_under_the_same_ids(string loss)
    {
        await using var redis = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(redis);
        var host = await world.StartRelayAsync(options => options.BatchSize = 300);
        var events = await world.AddAsync(1_000);
        await world.UntilLengthAsync(1_000);
        var before = Ids(await world.EntriesAsync());

        await world.Redis.ExecuteAsync(loss == "flush" ? "FLUSHALL" : "DEL", loss == "flush" ? [] : [world.Key]);
        if (loss.EndsWith("foreign", StringComparison.Ordinal))
        {
            await world.Redis.StreamAddAsync(world.Key, "nonsense", "1");
        }

        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length >= 1_000, () => "all events");
        Assert.Equal(before, Ids(await world.EntriesAsync()).Where(before.Contains));
        var more = await world.AddAsync(10, 1_001);
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length >= 1_010, () => "later events");
        Assert.Equal(events.Concat(more).Select(item => item.Id), await world.PublishedAsync());
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_foreign_entry_under_the_id_of_a_lost_one_does_not_pass_for_it()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using (var leader = await world.LeadByHandAsync())
        {
            await world.AddAsync(3);
            await leader.PublishAsync();
            var tail = (await world.EntriesAsync())[^1].Id;
            await world.Redis.KeyDeleteAsync(world.Key);
            await world.Redis.StreamAddAsync(world.Key, "nonsense", "1", tail);
            Assert.Equal(AppendStatus.Behind, (await leader.CheckAsync()).Status);

            await world.AddAsync(2, 4);
            Assert.Equal(AppendStatus.Behind, (await leader.Appender.AppendAsync((await leader.FixAsync())!)).Status);
        }

        // A leader that was told the chain's end by Postgres knows as much.
        await using (var next = await world.LeadByHandAsync())
        {
            Assert.Equal(AppendStatus.Behind, (await next.CheckAsync()).Status);
        }

        var host = await world.StartRelayAsync();
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length == 5, () => "all events");
        Assert.Equal((await world.EntriesAsync()).Length, (await world.PublishedAsync()).Length);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task An_event_that_somebody_restored_by_hand_in_another_form_is_put_back_as_the_relay_writes_it()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using (var leader = await world.LeadByHandAsync())
        {
            await world.AddAsync(3);
            await leader.PublishAsync();
        }

        var before = await world.EntriesAsync();
        await world.Redis.KeyDeleteAsync(world.Key);
        foreach (var entry in before)
        {
            await world.Redis.StreamAddAsync(world.Key, [.. entry.Values.Reverse()], entry.Id);
        }

        await using (var next = await world.LeadByHandAsync())
        {
            Assert.Equal(AppendStatus.Behind, (await next.CheckAsync()).Status);
            await next.RecoverAsync();
            Assert.Equal(AppendStatus.Appended, (await next.CheckAsync()).Status);
        }

        var after = await world.EntriesAsync();
        Assert.Equal(before.Select(entry => entry.Id), after.Select(entry => entry.Id));
        Assert.Equal(before.Select(entry => entry.Values), after.Select(entry => entry.Values));
    }

    [Fact]
    public async Task A_lost_tail_comes_back_and_foreign_entries_in_its_way_are_moved_aside()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var events = await world.AddAsync(1_000);
        await using (var leader = await world.LeadByHandAsync())
        {
            for (var batch = await leader.FixAsync(most: 300); batch is not null; batch = await leader.FixAsync(most: 300))
            {
                await leader.Appender.AppendAsync(batch);
            }
        }

        // What a restart from an older append-only file or a failover to a lagging replica leaves, with a group that has read on since.
        var before = await world.EntriesAsync();
        await RewindAsync(world, before[399].Id, [.. before[400..].Select(entry => entry.Id)]);
        await world.Redis.StreamCreateConsumerGroupAsync(world.Key, "readers", before[399].Id);
        for (var i = 0; i < 250; i++)
        {
            await world.Redis.StreamAddAsync(world.Key, "nonsense", i.ToString(CultureInfo.InvariantCulture));
        }

        await world.Redis.StreamReadGroupAsync(world.Key, "readers", "one", ">", 100);
        var host = await world.StartRelayAsync();
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length >= 1_000, () => "all events");
        Assert.Equal(Ids(before), Ids(await world.EntriesAsync()));
        Assert.Equal(events.Select(item => item.Id), await world.PublishedAsync());
        var foreign = await world.Redis.StreamRangeAsync(StreamKeys.Foreign(world.Stream));
        Assert.Equal(Enumerable.Range(0, 250).Select(i => i.ToString(CultureInfo.InvariantCulture)), foreign.Select(entry => (string)entry["nonsense"]!));
        Assert.Equal(600, (await world.Redis.StreamReadGroupAsync(world.Key, "readers", "one", ">", 1_000)).Length);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_tail_lost_before_the_leader_died_is_put_back_whole_chunks_or_not()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var events = await world.AddAsync(500);
        await using (var leader = await world.LeadByHandAsync())
        {
            await leader.PublishAsync();
        }

        var before = await world.EntriesAsync();
        await RewindAsync(world, before[76].Id, [.. before[77..].Select(entry => entry.Id)]);
        var host = await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        Assert.Equal(Ids(before), Ids(await world.EntriesAsync()));
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Only_what_some_group_still_needs_comes_back_and_missing_groups_are_created_where_they_were()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        await world.AddAsync(1_000);
        await world.UntilLengthAsync(1_000);
        var before = await world.EntriesAsync();
        await RegisterAsync(world, "slow", before[599].Id);
        await RegisterAsync(world, "quick", before[899].Id);

        await world.Redis.KeyDeleteAsync(world.Key);
        await world.UntilLengthAsync(400);
        await BusWorld.UntilAsync(async () => (await world.Redis.StreamGroupInfoAsync(world.Key)).Length == 2, () => "both groups");
        Assert.Equal(Ids(before[600..]), Ids(await world.EntriesAsync()));
        Assert.Equal(400, (await world.Redis.StreamReadGroupAsync(world.Key, "slow", "one", ">", 1_000)).Length);
        Assert.Equal(100, (await world.Redis.StreamReadGroupAsync(world.Key, "quick", "one", ">", 1_000)).Length);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_lost_stream_that_nobody_needs_again_goes_on_above_its_last_id()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        await world.AddAsync(100);
        await world.UntilLengthAsync(100);
        var last = (await world.EntriesAsync())[^1].Id;
        await RegisterAsync(world, "readers", last);
        await world.Redis.KeyDeleteAsync(world.Key);
        await BusWorld.UntilAsync(async () => await world.Redis.KeyExistsAsync(world.Key) && (await world.Redis.StreamInfoAsync(world.Key)).LastGeneratedId == last, () => "the last id");
        var more = await world.AddAsync(10, 101);
        await world.AssertPublishedAsync(more);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task Entries_trimmed_below_the_floor_are_not_taken_for_lost()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        await world.AddAsync(100);
        await world.UntilLengthAsync(100);
        var last = EntryId.Parse((await world.EntriesAsync())[^1].Id!);
        await world.ExecuteAsync($"update bus.outbox_stream set trim_floor = {last.Value}");
        await world.Redis.StreamTrimAsync(world.Key, 0);
        var foreign = await world.Redis.StreamAddAsync(world.Key, "nonsense", "1");
        var more = await world.AddAsync(10, 101);
        await world.UntilLengthAsync(11);
        Assert.Equal(more.Select(item => item.Id), await world.PublishedAsync());
        Assert.Equal(foreign, (await world.EntriesAsync())[0].Id);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task At_maxmemory_the_relay_waits_and_goes_on_when_there_is_room()
    {
        await using var redis = await RedisServer.StartAsync(new() { MaxMemory = "8mb" }, Cancellation);
        await using var world = await OutboxWorld.CreateAsync(redis);
        var host = await world.StartRelayAsync();
        await world.ExecuteAsync("insert into bus.outbox (id, type, source, subject, time, data) select gen_random_uuid(), 'test.ping', 't', 's', now(), convert_to(repeat('x', 5000), 'UTF8') from generate_series(1, 3000)");
        await OutboxWorld.UntilStateAsync(host, RelayState.WaitingForRedis);
        var health = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Cancellation);
        Assert.Equal(HealthStatus.Degraded, health.Entries["relay"].Status);
        Assert.Contains("maxmemory", health.Entries["relay"].Description, StringComparison.Ordinal);
        await world.Redis.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        await world.UntilLengthAsync(3_000);
        Assert.Equal(3_000, (await world.PublishedAsync()).Distinct().Count());
        await OutboxWorld.UntilStateAsync(host, RelayState.Leading);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task At_its_longest_the_stream_takes_no_more_until_it_is_trimmed()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync(options => options.MaxStreamLength = 200);
        var events = await world.AddAsync(1_000);
        await OutboxWorld.UntilStateAsync(host, RelayState.WaitingForRedis);
        var seen = new List<Guid>();
        await BusWorld.UntilAsync(async () => await TakeAllAsync() == 1_000, () => "all events");
        Assert.Equal(events.Select(item => item.Id), seen);
        await OutboxWorld.StopAsync(host);

        async Task<int> TakeAllAsync()
        {
            var entries = await world.EntriesAsync();
            Assert.InRange(entries.Length, 0, 200 + 128);
            if (entries.Length > 0)
            {
                var last = EntryId.Parse(entries[^1].Id!);
                seen.AddRange(entries.Select(entry => Guid.Parse((string)entry["id"]!)));
                await world.ExecuteAsync($"update bus.outbox_stream set trim_floor = {last.Value}");
                await world.Redis.StreamTrimByMinIdAsync(world.Key, new EntryId(last.Milliseconds, last.Sequence + 1).ToString(), useApproximateMaxLength: false);
            }

            return seen.Count;
        }
    }

    [Fact]
    public async Task A_restart_of_redis_in_mid_flow_loses_and_doubles_nothing()
    {
        await using var redis = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        await using var world = await OutboxWorld.CreateAsync(redis);
        var host = await world.StartRelayAsync(options => options.BatchSize = 200);
        var events = new List<NewEvent<Ping>>();
        for (var round = 0; round < 3; round++)
        {
            events.AddRange(await world.AddAsync(3_000, (round * 3_000) + 1));
            await world.UntilLengthAsync((round * 3_000) + 500);
            await redis.KillAsync();
            events.AddRange(await world.AddAsync(1, 100_000 + round));
            await redis.RestartAsync(Cancellation);
            await BusWorld.UntilAsync(() => Task.FromResult(world.Connection.IsConnected), () => "the connection");
        }

        await world.AssertPublishedAsync(events);
        await OutboxWorld.StopAsync(host);
    }

    [Fact]
    public async Task A_cut_of_the_relay_s_session_and_a_crash_of_postgres_lose_and_double_nothing()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(postgres: postgres);
        var host = await world.StartRelayAsync(options => options.BatchSize = 50);
        var events = new List<NewEvent<Ping>>();
        for (var round = 0; round < 5; round++)
        {
            events.AddRange(await world.AddAsync(2_000, (round * 2_000) + 1));
            await world.UntilLengthAsync((round * 2_000) + 200);
            await world.ExecuteAsync("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and application_name = 'fanout-relay'");
        }

        await world.UntilLengthAsync(8_500);
        await postgres.KillAsync();
        await OutboxWorld.UntilStateAsync(host, RelayState.WaitingForPostgres);
        await postgres.RestartAsync(Cancellation);
        Npgsql.NpgsqlConnection.ClearAllPools();
        await world.AssertPublishedAsync(events);
        await OutboxWorld.StopAsync(host);
    }

    [Theory]
    [InlineData("53100")]
    [InlineData("25006")]
    public async Task While_postgres_answers_reads_and_refuses_to_fix_ids_the_relay_says_so_once_and_takes_its_time(string sqlState)
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.ExecuteAsync($$"""
            create sequence attempts;
            create function refuse() returns trigger language plpgsql as $$ begin perform nextval('attempts'); raise exception 'no' using errcode = '{{sqlState}}'; end $$;
            create trigger refuse before insert on bus.relay_batch for each statement execute function refuse();
            """);
        var log = new LogRecorder();
        var events = await world.AddAsync(10);
        var started = TimeProvider.System.GetTimestamp();
        var host = await world.StartRelayAsync(log: log);
        await BusWorld.UntilAsync(async () => (long)(await world.ScalarAsync("select last_value from attempts"))! >= 8, () => "eight attempts");

        // 50 ms, 100 ms, then 200 ms each, less a quarter at most.
        Assert.True(TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromMilliseconds(800));
        var told = Assert.Single(log.Entries, entry => entry.EventId.Id is >= 300 and < 330);
        Assert.Contains(sqlState, told.Text, StringComparison.Ordinal);
        await OutboxWorld.UntilStateAsync(host, RelayState.WaitingForPostgres);
        await world.ExecuteAsync("drop trigger refuse on bus.relay_batch");
        await world.AssertPublishedAsync(events);
        await OutboxWorld.UntilStateAsync(host, RelayState.Leading);
        await OutboxWorld.StopAsync(host);
    }

    private static string[] Ids(IEnumerable<StreamEntry> entries) => [.. entries.Select(entry => (string)entry.Id!)];

    private static async Task RewindAsync(OutboxWorld world, RedisValue last, RedisValue[] lost)
    {
        await world.Redis.StreamDeleteAsync(world.Key, lost);
        await world.Redis.ExecuteAsync("XSETID", world.Key, last);
    }

    private static Task RegisterAsync(OutboxWorld world, string group, RedisValue checkpoint)
        => world.ExecuteAsync($"insert into bus.consumer_group (stream, name, start, checkpoint, max_deliveries, reclaim_after, lane_timeout) values ('{world.Stream}', '{group}', 'history', {EntryId.Parse(checkpoint!).Value}, 3, '60 s', '15 s')");
}

using FanOut.EventBus.Publishing;
using FanOut.TestServers;
using FanOut.TestServers.Network;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>Redis or Postgres have lost something, or somebody else writes to the stream.</summary>
public sealed class RecoveryTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task When_the_stream_and_its_state_are_lost_the_relay_goes_on_from_what_every_group_has_taken()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(server);
        await world.Bus.RegisterGroupAsync("slow");
        await world.Bus.RegisterGroupAsync("fast");
        var events = await world.Bus.AddEventsAsync(10);
        await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        await world.Bus.ExecuteAsync("update bus.consumer_group set done_through = case name when 'slow' then 4 else 9 end");
        await world.Redis.ExecuteAsync("FLUSHALL");
        var more = await world.Bus.AddEventsAsync(1);
        await world.AssertPublishedAsync([.. events[4..], .. more]);
    }

    [Fact]
    public async Task Where_the_outbox_is_long_it_goes_back_at_most_half_of_MaxStreamLength()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.RegisterGroupAsync("group");
        var events = await world.Bus.AddEventsAsync(100);
        await world.StartRelayAsync(options => options.MaxStreamLength = 60);
        await world.AssertPublishedAsync(events[70..]);
    }

    [Fact]
    public async Task When_Redis_goes_back_what_it_lost_is_published_again()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(server);
        var events = await world.Bus.AddEventsAsync(10);
        await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        var saved = await RedisSnapshot.TakeAsync(world.Redis);
        var lost = await world.Bus.AddEventsAsync(10);
        await world.AssertPublishedAsync([.. events, .. lost]);
        await saved.RestoreAsync(world.Redis);
        var more = await world.Bus.AddEventsAsync(1);
        await world.AssertPublishedAsync([.. events, .. lost, .. more]);
    }

    [Fact]
    public async Task A_stream_that_was_deleted_is_made_anew_also_behind_a_foreign_entry()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var log = new LogRecorder();
        await world.StartRelayAsync(log: log);
        await world.AssertPublishedAsync(await world.Bus.AddEventsAsync(10));
        await world.Redis.KeyDeleteAsync(world.Key);
        await world.Redis.StreamAddAsync(world.Key, "foreign", "1");
        await world.AssertPublishedAsync(await world.Bus.AddEventsAsync(5));
        Assert.Single(log.Entries, entry => entry.EventId == 308);
        Assert.Equal(5, await world.Redis.StreamLengthAsync(world.Key));
    }

    [Fact]
    public async Task A_stream_that_a_group_was_created_on_is_not_lost()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.RegisterGroupAsync("early");
        var log = new LogRecorder();
        await world.StartRelayAsync(log: log);
        await world.AssertPublishedAsync(await world.Bus.AddEventsAsync(1));
        Assert.Single(await world.Redis.StreamGroupInfoAsync(world.Key));
        Assert.DoesNotContain(log.Entries, entry => entry.EventId >= 300);
    }

    [Theory]
    [InlineData("18446744073709551615-18446744073709551615")]
    [InlineData("18446744073709551615-18446744073709551612")]
    [InlineData("18446744073709551614-18446744073709551615")]
    [InlineData("9999999999999-18446744073709551615")]
    public async Task A_foreign_entry_with_any_id_holds_up_nothing(string id)
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.StartRelayAsync();
        var events = await world.Bus.AddEventsAsync(10);
        await world.AssertPublishedAsync(events);
        await world.Redis.StreamAddAsync(world.Key, "foreign", "1", id);
        var more = await world.Bus.AddEventsAsync(300);
        await world.AssertAllPublishedAsync(more);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task The_stream_of_another_system_is_left_alone_until_a_person_confirms(int ownGeneration)
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.ExecuteAsync($"update bus.stream set generation = {ownGeneration}, earlier_outboxes = array[gen_random_uuid()]");
        HashEntry[] other =
        [
            new("outbox", Guid.NewGuid().ToString()), new("generation", 1), new("seq", "other:1"), new("position", 7),
            new("id", Guid.NewGuid().ToString()), new("added", 1),
        ];
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Bus.Stream), other);
        await world.Redis.StreamAddAsync(world.Key, "theirs", "1");
        var log = new LogRecorder();
        var host = await world.StartRelayAsync(log: log);
        var events = await world.Bus.AddEventsAsync(3);
        await OutboxWorld.UntilStateAsync(host, RelayState.Stopped);
        await BusWorld.UntilAsync(() => Task.FromResult(log.Entries.Any(entry => entry.EventId == 306)), () => "an alarm");
        var health = await OutboxWorld.HealthAsync(host);
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains("ConfirmRestoreAsync", health.Description, StringComparison.Ordinal);
        Assert.Equal(1, await world.Redis.StreamLengthAsync(world.Key));

        var recovery = host.Services.GetRequiredService<StreamRecovery>();
        Assert.True(await recovery.ConfirmRestoreAsync(Cancellation));
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Length == 3, () => "the events");
        await world.AssertPublishedAsync(events);
        Assert.Equal(ownGeneration + 1, (await world.StateAsync()).State!.Generation);
        Assert.False(await recovery.ConfirmRestoreAsync(Cancellation));
        Assert.Single(log.Entries, entry => entry.EventId == 306);
    }

    [Fact]
    public async Task A_relay_that_stands_by_for_another_system_s_relay_says_so()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Redis.HashSetAsync(
            StreamKeys.Relay(world.Bus.Stream),
            [
                new("outbox", Guid.NewGuid().ToString()), new("generation", 1), new("seq", "other:1"), new("position", 7),
                new("id", Guid.NewGuid().ToString()), new("added", 0),
            ]);
        await world.Redis.StringSetAsync(StreamKeys.Lease(world.Bus.Stream), "other:1");

        var host = await world.StartRelayAsync(options => options.LeaseTimeout = TimeSpan.FromMinutes(1));

        await OutboxWorld.UntilStateAsync(host, RelayState.Stopped);
        Assert.Equal("other:1", await world.Redis.StringGetAsync(StreamKeys.Lease(world.Bus.Stream)));
        Assert.Equal(HealthStatus.Degraded, (await OutboxWorld.HealthAsync(host)).Status);
    }

    [Fact]
    public async Task A_database_that_was_restored_to_an_earlier_generation_waits_for_a_person()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = await world.StartRelayAsync();
        await world.AssertPublishedAsync(await world.Bus.AddEventsAsync(3));
        await world.Redis.HashIncrementAsync(StreamKeys.Relay(world.Bus.Stream), "generation", 4);
        var lower = await world.Bus.AddEventsAsync(1);
        await OutboxWorld.UntilStateAsync(host, RelayState.Stopped);
        Assert.True(await host.Services.GetRequiredService<StreamRecovery>().ConfirmRestoreAsync(Cancellation));
        await world.AssertAllPublishedAsync(lower);
        Assert.Equal(6, (await world.StateAsync()).State!.Generation);
    }

    [Fact]
    public async Task What_is_no_state_of_a_relay_is_left_alone()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Bus.Stream), "seq", "nonsense");
        var host = await world.StartRelayAsync();
        await OutboxWorld.UntilStateAsync(host, RelayState.Stopped);
        Assert.False(await world.Redis.KeyExistsAsync(world.Key));
    }

    [Fact]
    public async Task An_outbox_that_lost_published_events_begins_a_new_generation_before_its_own_are_published()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.RegisterGroupAsync("group");
        var events = await world.Bus.AddEventsAsync(10);
        var first = await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        await OutboxWorld.StopAsync(first);
        var before = (await world.StateAsync()).State!;

        // What a standby has after it was promoted without the last commits.
        await world.Bus.ExecuteAsync("delete from bus.outbox where position > 5; select setval('bus.position_1', 5)");
        await world.Bus.ExecuteAsync("update bus.consumer_group set done_through = 2; update bus.stream set published = 10");
        var again = await world.Bus.AddEventsAsync(3);
        await world.StartRelayAsync();
        await BusWorld.UntilAsync(async () => (await world.PublishedAsync()).Contains(again[^1].Id), () => "the new events");
        await world.AssertPublishedAsync([.. events[2..5], .. again]);

        var state = (await world.StateAsync()).State!;
        Assert.Equal((2, 8L), (state.Generation, state.Position));
        Assert.Equal(2, await world.Bus.ScalarAsync("select generation from bus.stream"));
        Assert.Equal(state.Outbox, await world.Bus.ScalarAsync("select outbox from bus.stream"));
        Assert.Equal(before.Outbox, await world.Bus.ScalarAsync("select earlier_outboxes[1] from bus.stream"));
        Assert.NotEqual(before.Outbox, state.Outbox);
        Assert.InRange((long)(await world.Bus.ScalarAsync("select published from bus.stream"))!, 2, 8);
    }

    [Fact]
    public async Task An_old_state_goes_on_from_what_every_group_has_taken_though_the_outbox_is_pruned_there()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.RegisterGroupAsync("group");
        var events = await world.Bus.AddEventsAsync(10);
        var first = await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);
        await OutboxWorld.StopAsync(first);
        await world.Redis.HashSetAsync(StreamKeys.Gaps(world.Bus.Stream), [new(1, 3), new(5, 500_000)]);
        await world.Bus.ExecuteAsync("select setval('bus.position_1', 1000000)");
        var more = await world.Bus.AddEventsAsync(2);
        await world.Bus.ExecuteAsync("delete from bus.outbox where position <= 1000000; update bus.consumer_group set done_through = 1000000");
        await world.StartRelayAsync();
        await world.AssertPublishedAsync([.. events, .. more]);
        var found = await world.StateAsync();
        Assert.Equal((1, more[^1].Position), (found.State!.Generation, found.State.Position));
        Assert.Empty(found.Gaps);
    }

    [Fact]
    public async Task A_relay_on_a_demoted_node_leaves_the_stream_alone()
    {
        await using var primary = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(postgres: primary);
        await using var standby = await PostgresStandby.StartAsync(primary, cancellationToken: Cancellation);
        await standby.CatchUpAsync(Cancellation);
        await standby.PauseReceivingAsync(Cancellation);
        var events = await world.Bus.AddEventsAsync(3);
        await world.StartRelayAsync();
        await world.AssertPublishedAsync(events);

        var settings = new NpgsqlConnectionStringBuilder(world.Bus.Database.ConnectionString) { Port = standby.Port };
        await using var demoted = NpgsqlDataSource.Create(settings);
        await using var relay = await ManualRelay.CreateAsync(world.Bus, world.Bus.ServiceConnection, demoted);
        var refused = await Assert.ThrowsAsync<NpgsqlException>(() => relay.RunOnceAsync(Cancellation));
        Assert.Contains("standby", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, (await world.StateAsync()).State!.Generation);
        await world.AssertPublishedAsync(events);
    }

    [Fact]
    public async Task A_relay_waits_while_Postgres_is_cut_off_and_continues()
    {
        var server = await PostgresServer.SharedAsync();
        await using var world = await OutboxWorld.CreateAsync();
        await using var proxy = TcpProxy.Start(server.Port);
        var builder = world.Configure();
        var settings = new NpgsqlConnectionStringBuilder(world.Bus.Database.ConnectionString) { Port = proxy.Port };
        await using var postgres = NpgsqlDataSource.Create(settings);
        builder.Services.AddSingleton(postgres);
        var host = await world.Bus.StartAsync(builder);
        var events = await world.Bus.AddEventsAsync(1);
        await world.AssertPublishedAsync(events);
        proxy.Cut();
        await OutboxWorld.UntilStateAsync(host, RelayState.WaitingForPostgres);
        Assert.Equal(HealthStatus.Degraded, (await OutboxWorld.HealthAsync(host)).Status);
        var more = await world.Bus.AddEventsAsync(1);
        proxy.Heal();
        await world.AssertPublishedAsync([.. events, .. more]);
        await OutboxWorld.UntilStateAsync(host, RelayState.Leading);
    }

    [Fact]
    public async Task At_maxmemory_the_relay_waits_and_nothing_is_lost_or_doubled()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await OutboxWorld.CreateAsync(server);
        var host = await world.StartRelayAsync();
        var events = await world.Bus.AddEventsAsync(10);
        await world.AssertPublishedAsync(events);
        await world.Redis.ExecuteAsync("CONFIG", "SET", "maxmemory", "1mb");
        var more = await world.Bus.AddEventsAsync(1_000);
        await OutboxWorld.UntilStateAsync(host, RelayState.WaitingForRedis);
        Assert.Contains("maxmemory", host.Services.GetRequiredService<RelayStatus>().Reason, StringComparison.Ordinal);
        await world.AssertPublishedAsync(events);
        await world.Redis.ExecuteAsync("CONFIG", "SET", "maxmemory", "0");
        await world.AssertPublishedAsync([.. events, .. more]);
        await OutboxWorld.UntilStateAsync(host, RelayState.Leading);
    }

    [Fact]
    public async Task A_stream_at_its_limit_loses_its_oldest_entries_and_takes_new_ones()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.RegisterGroupAsync("never-reads");
        var log = new LogRecorder();
        await world.StartRelayAsync(options => options.MaxStreamLength = 1_000, log);
        for (var i = 0; i < 3; i++)
        {
            var events = await world.Bus.AddEventsAsync(1_000);
            await world.AssertAllPublishedAsync(events[^500..]);
        }

        Assert.InRange(await world.Redis.StreamLengthAsync(world.Key), 1_000, 1_300);
        Assert.Single(log.Entries, entry => entry.EventId == 310);
    }

    [Fact]
    public async Task Streams_of_one_database_have_positions_of_their_own()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var other = new StreamName(RedisServer.UniqueName("invoices"));
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping)
            .AddStream(world.Bus.Stream.Value, stream => stream.AddOutbox())
            .AddStream(other.Value, stream => stream.AddOutbox());
        var host = await world.Bus.StartAsync(builder);
        await using (var connection = await world.Postgres.OpenConnectionAsync(Cancellation))
        {
            for (var i = 0; i < 20; i++)
            {
                var name = i % 2 == 0 ? other : world.Bus.Stream;
                var outbox = host.Services.GetRequiredKeyedService<Outbox>(name.Value);
                await outbox.AddAsync(connection, new NewEvent<Ping>("s", new Ping(i)), Cancellation);
            }
        }

        await world.UntilLengthAsync(10);
        Assert.Equal(Enumerable.Range(1, 10).Select(i => (long)i), (await world.EntriesAsync()).Select(entry => (long)entry["position"]));
        Assert.Empty((await world.StateAsync()).Gaps);
        await BusWorld.UntilAsync(async () => await world.Redis.StreamLengthAsync(StreamKeys.Stream(other)) == 10, () => "the other stream");
    }

    [Fact]
    public async Task A_gaps_hash_that_no_relay_wrote_is_named()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var first = await world.StartRelayAsync();
        await world.AssertPublishedAsync(await world.Bus.AddEventsAsync(1));
        await OutboxWorld.StopAsync(first);
        await world.Redis.HashSetAsync(StreamKeys.Gaps(world.Bus.Stream), "theirs", "1");

        var host = await world.StartRelayAsync();

        var status = host.Services.GetRequiredService<RelayStatus>();
        await BusWorld.UntilAsync(() => Task.FromResult(status.Reason is not null), () => "a reason");
        Assert.Equal(RelayState.Stopped, status.State);
        Assert.Contains(":gaps", status.Reason, StringComparison.Ordinal);
    }
}

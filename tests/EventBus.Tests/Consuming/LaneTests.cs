using FanOut.EventBus.Consuming;
using FanOut.EventBus.DeadLetters;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class LaneTests
{
    private const string Group = "billing";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_event_has_its_effect_once_in_each_group(bool batches)
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(1_000);
        foreach (var group in new[] { "one", "two", "three" })
        {
            await world.StartWorkerAsync(group, batches: batches, configure: options => options.BatchSize = 100);
        }

        await world.PublishAsync(1_000);
        foreach (var group in new[] { "one", "two", "three" })
        {
            await world.AssertEachOnceAsync(group, 2_000);
        }
    }

    [Fact]
    public async Task A_redelivered_event_has_no_second_effect_and_is_counted()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(300);
        await world.StartWorkerAsync(Group);
        await world.AssertEachOnceAsync(Group, 300);

        await world.Redis.ExecuteAsync("XGROUP", "SETID", world.Key, Group, "0");
        await world.PublishAsync(50);

        await world.AssertEachOnceAsync(Group, 350);
        await BusWorld.UntilAsync(async () => (long)(await world.ScalarAsync("select duplicates_prevented from bus.consumer_group"))! == 300, () => "300 prevented duplicates");
    }

    [Fact]
    public async Task Redelivery_in_other_batches_than_before_finds_what_is_done()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(250);
        var worker = await world.StartWorkerAsync(Group, configure: options => options.BatchSize = 70);
        await world.AssertEachOnceAsync(Group, 250);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        await world.ExecuteAsync("delete from bus.inbox where ctid in (select ctid from bus.inbox order by lower(entries) limit 1 offset 1)");
        var missing = await world.ScalarAsync("select 250 - coalesce(sum(upper(entries) - lower(entries)), 0) from bus.inbox");
        await world.Redis.ExecuteAsync("XGROUP", "SETID", world.Key, Group, "0");

        await world.StartWorkerAsync(Group, configure: options => options.BatchSize = 113);

        // What the inbox forgot is done again, and nothing else.
        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 250 + Convert.ToInt64(missing, null), () => "the forgotten effects");
        await world.UntilPendingAsync(Group, 0);
        Assert.Equal(250L, Convert.ToInt64(await world.ScalarAsync("select sum(upper(entries) - lower(entries)) from bus.inbox"), null));
    }

    [Fact]
    public async Task Events_that_follow_each_other_closely_share_the_batches_of_a_lane_that_lingers()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync("prompt", configure: options => (options.Lanes, options.BatchInterval) = (1, TimeSpan.Zero));
        await world.StartWorkerAsync("lingering", configure: options => (options.Lanes, options.BatchInterval) = (1, TimeSpan.FromSeconds(1)));
        for (var number = 1; number <= 40; number += 2)
        {
            // Both at once, so that no read gets one of them alone.
            var pair = world.Redis.CreateTransaction();
            _ = pair.StreamAddAsync(world.Key, BusWorld.Event(number));
            _ = pair.StreamAddAsync(world.Key, BusWorld.Event(number + 1));
            Assert.True(await pair.ExecuteAsync());
            await BusWorld.UntilAsync(async () => await world.EffectsAsync("prompt") == number + 1, () => $"effect {number + 1}");
        }

        await world.AssertEachOnceAsync("lingering", 40);
        Assert.Equal(20, await TransactionsAsync("prompt"));
        Assert.InRange(await TransactionsAsync("lingering"), 1, 15);

        async Task<long> TransactionsAsync(string group) => (long)(await world.ScalarAsync($"select count(distinct xmin::text) from effects where group_name = '{group}'"))!;
    }

    [Theory]
    [InlineData("Lanes", "0")]
    [InlineData("BatchSize", "5001")]
    [InlineData("MaxDeliveries", "1")]
    [InlineData("BatchInterval", "00:00:02")]
    [InlineData("BlockFor", "00:00:02")]
    [InlineData("RetryDelay", "00:02:00")]
    public async Task A_wrong_setting_stops_the_start_and_names_its_key(string key, string value)
    {
        await using var world = await BusWorld.CreateAsync();
        var builder = world.CreateHost();
        builder.Configuration[$"EventBus:Consumer:{key}"] = value;
        builder.Services.AddSingleton(new HandlerScript());
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddConsumerGroup(Group).Subscribe<Ping, PingHandler>();
        using var host = builder.Build();
        var refused = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(TestContext.Current.CancellationToken));
        Assert.Contains($"EventBus:Consumer:{key}", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_failing_event_is_parked_and_the_rest_of_its_batch_commits(bool batches)
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = await world.PublishAsync(100);
        await world.StartWorkerAsync(Group, HandlerScript.Throwing(number => number == 42), batches);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 99, () => "99 effects");
        await BusWorld.UntilAsync(async () => (await PendingWithAsync(world, StreamKeys.ParkedConsumer)).Length == 1, () => "a parked entry");
        var parked = Assert.Single(await PendingWithAsync(world, StreamKeys.ParkedConsumer));
        Assert.Equal(ids[41], parked.MessageId);
        Assert.Equal(1, parked.DeliveryCount);
        Assert.Equal("InvalidOperationException: No 42.", await world.ScalarAsync("select error from bus.failure"));
    }

    [Fact]
    public async Task An_event_that_failed_as_often_as_allowed_is_one_dead_letter_with_its_reason()
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = await world.PublishAsync(10);
        await world.StartWorkerAsync(Group, HandlerScript.Throwing(number => number == 7), configure: options => options.Lanes = 1);
        for (var delivery = 1; delivery <= 2; delivery++)
        {
            await BusWorld.UntilAsync(async () => (await PendingWithAsync(world, StreamKeys.ParkedConsumer)).Any(entry => entry.DeliveryCount == delivery), () => $"parked after delivery {delivery}");
            await HandOverAsync(world, ids[6], await LaneAsync(world));
        }

        await world.AssertEachOnceAsync(Group, 10, except: 7);
        var letter = Assert.Single(await world.Redis.StreamRangeAsync(StreamKeys.DeadLetters(world.Stream, new GroupName(Group))));
        Assert.Equal("InvalidOperationException: No 7.", letter[DeadLetterFields.Error]);
        Assert.Equal("3", letter[DeadLetterFields.Deliveries]);
        Assert.Equal(ids[6], letter[DeadLetterFields.Entry]);
        Assert.Equal("7", letter["subject"]);
        Assert.Equal(1L, await world.ScalarAsync("select count(*) from bus.dead_letters where projected_at is not null and deliveries = 3"));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.failure"));
    }

    [Fact]
    public async Task A_rejected_event_is_a_dead_letter_at_once()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(20);
        await world.StartWorkerAsync(Group, HandlerScript.Throwing(number => number == 5, () => new RejectEventException("Unknown customer.")));

        await world.AssertEachOnceAsync(Group, 20, except: 5);
        Assert.Equal("Unknown customer.", await world.ScalarAsync("select error from bus.dead_letters where deliveries = 1 and subject = '5'"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_that_hides_a_database_error_loses_no_event(bool batches)
    {
        await using var world = await BusWorld.CreateAsync();
        var isFirst = true;
        var script = new HandlerScript
        {
            After = async (connection, cancellationToken) =>
            {
                if (Interlocked.Exchange(ref isFirst, false))
                {
                    await using var command = new NpgsqlCommand("select 1 / 0", connection);
                    await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteScalarAsync(cancellationToken));
                }
            },
        };
        await world.PublishAsync(20);
        await world.StartWorkerAsync(Group, script, batches, options => options.Lanes = 1);

        await world.AssertEachOnceAsync(Group, 20);
    }

    [Fact]
    public async Task Data_whose_type_throws_when_it_is_read_is_a_dead_letter_and_the_rest_flows_on()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(10);
        await world.Redis.StreamAddAsync(world.Key, BusWorld.Event(-1));
        await world.PublishAsync(10);
        await world.StartWorkerAsync(Group, configure: options => options.Lanes = 1);

        await world.AssertEachOnceAsync(Group, 20);
        Assert.Contains("is not a Ping", (string)(await world.ScalarAsync("select error from bus.dead_letters"))!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statement_that_always_runs_into_its_timeout_holds_up_only_its_own_event()
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = await world.PublishAsync(10);
        var script = new HandlerScript();
        script.On = async (number, connection, cancellationToken) =>
        {
            if (number == 4)
            {
                await using var command = new NpgsqlCommand("set local statement_timeout = 50; select pg_sleep(60)", connection);
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
        };
        await world.StartWorkerAsync(Group, script, configure: options => options.Lanes = 1);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 9, () => "the effects of the others");
        await BusWorld.UntilAsync(async () => (await PendingWithAsync(world, StreamKeys.ParkedConsumer)).Length == 1, () => "the event at fault parked");
        Assert.Equal(ids[3], Assert.Single(await PendingWithAsync(world, StreamKeys.ParkedConsumer)).MessageId);
        Assert.Contains("statement timeout", (string)(await world.ScalarAsync("select error from bus.failure"))!, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(4_500, "\U0001F4A5")]
    [InlineData(10, "half \uD83D")]
    [InlineData(10, "nul \0")]
    public async Task Any_text_of_a_failure_can_be_kept(int times, string text)
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = await world.PublishAsync(3);
        var message = string.Concat(Enumerable.Repeat(text, times));
        await world.StartWorkerAsync(Group, HandlerScript.Throwing(number => number == 2, () => new InvalidOperationException(message)), configure: options => (options.Lanes, options.MaxDeliveries) = (1, 2));
        await BusWorld.UntilAsync(async () => (await PendingWithAsync(world, StreamKeys.ParkedConsumer)).Length == 1, () => "a parked entry");
        await HandOverAsync(world, ids[1], await LaneAsync(world));

        await world.AssertEachOnceAsync(Group, 3, except: 2);
        Assert.StartsWith("InvalidOperationException: " + text[..2], (string)(await world.ScalarAsync("select error from bus.dead_letters"))!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Events_that_nobody_wants_are_no_evidence_that_all_is_well()
    {
        await using var world = await BusWorld.CreateAsync();
        var attempts = 0;
        var broken = true;
        var script = new HandlerScript
        {
            Before = (_, _, _) =>
            {
                Interlocked.Increment(ref attempts);
                return Volatile.Read(ref broken) ? throw new HttpRequestException("The tax service is away.") : Task.CompletedTask;
            },
        };
        await world.PublishAsync(10);
        var other = BusWorld.Event(99);
        other[1] = new NameValueEntry("type", "test.other");
        await world.Redis.StreamAddAsync(world.Key, other);
        await world.PublishAsync(10);
        await world.StartWorkerAsync(Group, script);
        await BusWorld.UntilAsync(() => Task.FromResult(Volatile.Read(ref attempts) > 100), () => "several rounds of attempts");

        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.failure"));
        Volatile.Write(ref broken, false);
        await world.AssertEachOnceAsync(Group, 20);
    }

    [Fact]
    public async Task A_dlq_stream_that_cannot_be_written_stops_no_lane()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.Redis.StringSetAsync(StreamKeys.DeadLetters(world.Stream, new GroupName(Group)), "in the way");
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1");
        await world.PublishAsync(10);
        await world.StartWorkerAsync(Group, configure: options => (options.Lanes, options.BatchSize) = (1, 1));

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 10, () => "the events after it");
        await world.Redis.KeyDeleteAsync(StreamKeys.DeadLetters(world.Stream, new GroupName(Group)));
        await world.AssertEachOnceAsync(Group, 10);
        Assert.Equal(1, await world.Redis.StreamLengthAsync(StreamKeys.DeadLetters(world.Stream, new GroupName(Group))));
    }

    [Fact]
    public async Task Large_entries_are_read_few_at_a_time()
    {
        await using var world = await BusWorld.CreateAsync();
        var large = BusWorld.Event(0);
        large[3] = new NameValueEntry("subject", new string('x', 1024 * 1024));
        var largest = 0;
        for (var number = 1; number <= 60; number++)
        {
            large[5] = new NameValueEntry("data", $$"""{"number":{{number}}}""");
            await world.Redis.StreamAddAsync(world.Key, large);
        }

        var script = new HandlerScript { OnBatch = count => largest = Math.Max(largest, count) };
        await world.StartWorkerAsync(Group, script, configure: options => (options.Lanes, options.BatchSize) = (1, 20));
        await world.AssertEachOnceAsync(Group, 60);

        Assert.Equal(20, largest);
        Assert.True(script.Batches > 3, $"{script.Batches} batches");
    }

    [Fact]
    public void The_event_bus_is_added_once()
    {
        var builder = Microsoft.Extensions.Hosting.Host.CreateEmptyApplicationBuilder(null);
        builder.AddEventBus();
        Assert.Contains("AddEventBus was called twice", Assert.Throws<InvalidOperationException>(() => builder.AddEventBus()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Malformed_entries_are_dead_letters_and_the_rest_flows_on()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(5);
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1");
        await world.Redis.StreamAddAsync(world.Key, [new("id", Guid.NewGuid().ToString()), new("type", Ping.EventType), new("time", "2026-01-02T03:04:05Z"), new("data", "{\"number\":\"x\"}")]);
        await world.Redis.StreamAddAsync(world.Key, [new("id", "42"), new("type", Ping.EventType), new("time", "2026-01-02T03:04:05Z"), new("data", "{}")]);
        await world.Redis.StreamAddAsync(world.Key, [new(new byte[] { 0, 255 }, new byte[] { 0xff, 0xfe, 0 })]);
        await world.PublishAsync(5);
        await world.StartWorkerAsync(Group);

        await world.AssertEachOnceAsync(Group, 10);
        await BusWorld.UntilAsync(async () => (long)(await world.ScalarAsync("select count(*) from bus.dead_letters where projected_at is not null"))! == 4, () => "4 dead letters");
        var letters = await world.Redis.StreamRangeAsync(StreamKeys.DeadLetters(world.Stream, new GroupName(Group)));
        Assert.Equal(4, letters.Length);
        Assert.StartsWith("Not an event: the entry lacks the field(s) 'id', 'type', 'time', 'data'", letters[0][DeadLetterFields.Error].ToString(), StringComparison.Ordinal);
        Assert.Equal("1", letters[0]["nonsense"]);
        Assert.Contains("is not a Ping", letters[1][DeadLetterFields.Error].ToString(), StringComparison.Ordinal);
        Assert.Contains("'42', which is not a UUID", letters[2][DeadLetterFields.Error].ToString(), StringComparison.Ordinal);
        Assert.Equal(new byte[] { 0xff, 0xfe, 0 }, (byte[]?)letters[3].Values[0].Value);
    }

    [Fact]
    public async Task An_entry_with_an_id_beyond_the_inbox_is_set_aside_as_it_is()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(3);
        await world.Redis.StreamAddAsync(world.Key, BusWorld.Event(99), messageId: "99999999999999-1");
        await world.StartWorkerAsync(Group);

        await world.AssertEachOnceAsync(Group, 3);
        var letter = Assert.Single(await world.Redis.StreamRangeAsync(StreamKeys.DeadLetters(world.Stream, new GroupName(Group))));
        Assert.Equal("99999999999999-1", letter[DeadLetterFields.Entry]);
    }

    [Fact]
    public async Task Events_that_nobody_subscribes_to_are_done_at_once()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(2);
        var other = BusWorld.Event(3);
        other[1] = new NameValueEntry("type", "test.other");
        await world.Redis.StreamAddAsync(world.Key, other);
        await world.StartWorkerAsync(Group);

        await world.AssertEachOnceAsync(Group, 2);
        Assert.Equal(3L, Convert.ToInt64(await world.ScalarAsync("select sum(upper(entries) - lower(entries)) from bus.inbox"), null));
    }

    [Fact]
    public async Task Entries_of_a_crashed_lane_are_handled_once_and_one_at_a_time()
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = await world.PublishAsync(50);
        await world.Redis.StreamCreateConsumerGroupAsync(world.Key, Group, "0");
        await world.Redis.StreamReadGroupAsync(world.Key, Group, "crashed", ">", 50);
        await world.StartWorkerAsync(Group, configure: options => options.Lanes = 1);

        foreach (var id in ids)
        {
            await HandOverAsync(world, id, await LaneAsync(world));
        }

        await world.AssertEachOnceAsync(Group, 50);
        Assert.Equal(50L, await world.ScalarAsync("select count(*) from effects where delivery = 2"));
    }

    [Fact]
    public async Task An_entry_that_crashed_its_worker_each_time_is_a_dead_letter_without_another_attempt()
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = await world.PublishAsync(1);
        await world.Redis.StreamCreateConsumerGroupAsync(world.Key, Group, "0");
        await world.Redis.StreamReadGroupAsync(world.Key, Group, "crashed", ">", 1);
        await world.Redis.StreamClaimAsync(world.Key, Group, "crashed-2", 0, ids);
        await world.Redis.StreamClaimAsync(world.Key, Group, "crashed-3", 0, ids);
        await world.StartWorkerAsync(Group, configure: options => options.Lanes = 1);

        await HandOverAsync(world, ids[0], await LaneAsync(world));

        await world.UntilPendingAsync(Group, 0);
        Assert.Equal(0, await world.EffectsAsync(Group));
        Assert.Contains("crashed or stalled", (string)(await world.ScalarAsync("select error from bus.dead_letters"))!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_crash_between_commit_and_acknowledgement_does_not_repeat_the_effect()
    {
        await using var world = await BusWorld.CreateAsync();
        var ids = await world.PublishAsync(20);
        var first = await world.StartWorkerAsync(Group);
        await world.AssertEachOnceAsync(Group, 20);
        await first.StopAsync(TestContext.Current.CancellationToken);

        // As if the acknowledgements had never arrived: the same entries are pending again with a dead lane.
        await world.Redis.ExecuteAsync("XGROUP", "SETID", world.Key, Group, "0");
        await world.Redis.StreamReadGroupAsync(world.Key, Group, "crashed", ">", 20);
        await world.StartWorkerAsync(Group, configure: options => options.Lanes = 1);
        foreach (var id in ids)
        {
            await HandOverAsync(world, id, await LaneAsync(world));
        }

        await world.AssertEachOnceAsync(Group, 20);
    }

    [Fact]
    public async Task While_every_event_fails_alike_nothing_is_counted_against_them()
    {
        await using var world = await BusWorld.CreateAsync();
        var broken = true;
        var attempts = 0;
        var script = new HandlerScript
        {
            Before = (_, _, _) =>
            {
                Interlocked.Increment(ref attempts);
                return Volatile.Read(ref broken) ? throw new InvalidOperationException("The tax service is away.") : Task.CompletedTask;
            },
        };
        await world.PublishAsync(40);
        await world.StartWorkerAsync(Group, script);
        await BusWorld.UntilAsync(() => Task.FromResult(Volatile.Read(ref attempts) > 200), () => "several rounds of attempts");

        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.dead_letters"));
        Assert.Empty(await PendingWithAsync(world, StreamKeys.ParkedConsumer));
        Volatile.Write(ref broken, false);

        await world.AssertEachOnceAsync(Group, 40);
        Assert.Equal(40L, await world.ScalarAsync("select count(*) from effects where delivery = 1"));
    }

    [Fact]
    public async Task Events_that_all_fail_alike_are_at_fault_when_other_lanes_succeed()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(10);
        await world.StartWorkerAsync(Group, HandlerScript.Throwing(number => number <= 10), configure: options => options.BatchSize = 10);

        await BusWorld.UntilAsync(async () =>
        {
            await world.PublishAsync(1);
            return (await PendingWithAsync(world, StreamKeys.ParkedConsumer)).Length == 10;
        }, () => "the failing events parked");
    }

    [Fact]
    public async Task A_lane_waits_while_Postgres_is_away_and_goes_on_by_itself()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var world = await BusWorld.CreateAsync(postgres: postgres);
        await world.PublishAsync(200);
        await world.StartWorkerAsync(Group, configure: options => options.BatchSize = 50);
        await world.AssertEachOnceAsync(Group, 200);

        await postgres.KillAsync();
        await world.PublishAsync(200);
        await BusWorld.UntilAsync(async () => (await world.Redis.StreamPendingAsync(world.Key, Group)).PendingMessageCount > 0, () => "a batch held in memory");
        await postgres.RestartAsync(TestContext.Current.CancellationToken);

        await world.AssertEachOnceAsync(Group, 400);
        Assert.Equal(400L, await world.ScalarAsync("select count(*) from effects where delivery = 1"));
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.dead_letters"));
    }

    [Fact]
    public async Task Lanes_survive_a_killed_Redis_that_comes_back_with_its_data()
    {
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { AppendOnly = true, AppendFsync = "always" }, TestContext.Current.CancellationToken);
        await using var world = await BusWorld.CreateAsync(redis);
        await world.PublishAsync(500);
        await world.StartWorkerAsync(Group, configure: options => options.BatchSize = 20);
        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) > 100, () => "work in progress");
        await redis.KillAsync();
        await redis.RestartAsync(TestContext.Current.CancellationToken);

        await world.AssertEachOnceAsync(Group, 500);
    }

    [Fact]
    public async Task A_lost_group_is_created_again_and_nothing_happens_twice()
    {
        await using var redis = await RedisServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var world = await BusWorld.CreateAsync(redis);
        await world.PublishAsync(100);
        await world.StartWorkerAsync(Group);
        await world.AssertEachOnceAsync(Group, 100);

        await world.Redis.ExecuteAsync("XGROUP", "DESTROY", world.Key, Group);
        await world.PublishAsync(100);
        await world.AssertEachOnceAsync(Group, 200);

        await world.Redis.ExecuteAsync("FLUSHALL");
        await world.PublishAsync(100);
        await world.AssertEachOnceAsync(Group, 300);
    }

    [Fact]
    public async Task Reads_pause_while_too_much_is_pending_and_resume_below_half()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.PublishAsync(100);
        await world.Redis.StreamCreateConsumerGroupAsync(world.Key, Group, "0");
        await world.Redis.StreamReadGroupAsync(world.Key, Group, "busy", ">", 50);
        await world.StartWorkerAsync(Group, configure: options => (options.PauseAbove, options.BatchSize, options.Replicas) = (45, 10, 1));
        await LaneAsync(world);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
            while (await timer.WaitForNextTickAsync(patience.Token))
            {
                Assert.Equal(0, await world.EffectsAsync(Group));
            }
        });

        var busy = await world.Redis.StreamPendingMessagesAsync(world.Key, Group, 50, "busy");
        await world.Redis.StreamAcknowledgeAsync(world.Key, Group, [.. busy.Take(30).Select(entry => entry.MessageId)]);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 50, () => "the rest of the stream");
    }

    [Fact]
    public async Task A_worker_that_stops_finishes_its_batch_and_leaves_no_consumer_behind()
    {
        await using var world = await BusWorld.CreateAsync();
        using var entered = new SemaphoreSlim(0);
        using var release = new SemaphoreSlim(0);
        var script = new HandlerScript
        {
            Before = async (number, _, cancellationToken) =>
            {
                if (number == 1)
                {
                    entered.Release();
                    await release.WaitAsync(cancellationToken);
                }
            },
        };
        await world.PublishAsync(10);
        var worker = await world.StartWorkerAsync(Group, script);
        await entered.WaitAsync(TestContext.Current.CancellationToken);
        var stop = worker.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(stop.IsCompleted);
        release.Release();
        await stop;

        Assert.Equal(10, await world.EffectsAsync(Group));
        Assert.Equal(0, (await world.Redis.StreamPendingAsync(world.Key, Group)).PendingMessageCount);
        Assert.Empty(await world.Redis.StreamConsumerInfoAsync(world.Key, Group));
        Assert.Equal(0, await world.Redis.SortedSetLengthAsync(StreamKeys.Lanes(world.Stream, new GroupName(Group))));
    }

    [Fact]
    public async Task A_worker_that_may_not_wait_any_longer_hands_its_batch_over()
    {
        await using var world = await BusWorld.CreateAsync();
        using var entered = new SemaphoreSlim(0);
        var script = new HandlerScript
        {
            Before = async (_, _, cancellationToken) =>
            {
                entered.Release();
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            },
        };
        await world.PublishAsync(10);
        var worker = await world.StartWorkerAsync(Group, script, configure: options => options.Lanes = 1);
        await entered.WaitAsync(TestContext.Current.CancellationToken);
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await worker.StopAsync(now.Token);

        await BusWorld.UntilAsync(async () => (await PendingWithAsync(world, StreamKeys.ParkedConsumer)).Length == 10, () => "the batch handed over");
        Assert.Equal(0, await world.EffectsAsync(Group));
        Assert.All(await PendingWithAsync(world, StreamKeys.ParkedConsumer), entry => Assert.True(entry.IdleTimeInMilliseconds >= 60_000));
    }

    [Fact]
    public async Task A_slow_handler_keeps_its_entries()
    {
        await using var world = await BusWorld.CreateAsync();
        using var entered = new SemaphoreSlim(0);
        using var release = new SemaphoreSlim(0);
        var script = new HandlerScript
        {
            Before = async (_, _, cancellationToken) =>
            {
                entered.Release();
                await release.WaitAsync(cancellationToken);
            },
        };
        await world.PublishAsync(1);
        await world.StartWorkerAsync(Group, script, configure: options =>
        {
            options.ReclaimAfter = TimeSpan.FromMilliseconds(1_500);
            options.LaneTimeout = TimeSpan.FromMilliseconds(600);
            options.RetryDelay = TimeSpan.FromMilliseconds(100);
        });
        await entered.WaitAsync(TestContext.Current.CancellationToken);
        var started = TimeProvider.System.GetTimestamp();
        await BusWorld.UntilAsync(async () =>
        {
            var pending = Assert.Single(await world.Redis.StreamPendingMessagesAsync(world.Key, Group, 1, RedisValue.Null));
            Assert.InRange(pending.IdleTimeInMilliseconds, 0, 1_400);
            return TimeProvider.System.GetElapsedTime(started) > TimeSpan.FromSeconds(4);
        }, () => "longer than the reclaim time");
        release.Release();

        await world.AssertEachOnceAsync(Group, 1);
    }

    private static Task<StreamPendingMessageInfo[]> PendingWithAsync(BusWorld world, string consumer) => world.Redis.StreamPendingMessagesAsync(world.Key, Group, 100, consumer);

    private static Task<RedisValue[]> HandOverAsync(BusWorld world, RedisValue id, RedisValue lane) => world.Redis.StreamClaimIdsOnlyAsync(world.Key, Group, lane, 0, [id]);

    private static async Task<RedisValue> LaneAsync(BusWorld world)
    {
        RedisValue[] lanes = [];
        await BusWorld.UntilAsync(async () => (lanes = await world.Redis.SortedSetRangeByRankAsync(StreamKeys.Lanes(world.Stream, new GroupName(Group)))).Length > 0, () => "a live lane");
        return lanes[0];
    }
}

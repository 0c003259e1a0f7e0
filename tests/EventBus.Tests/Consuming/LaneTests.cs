using FanOut.TestServers;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class LaneTests
{
    private const string Group = "lanes";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Every_event_has_its_effect_once_in_each_group(bool batches)
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync("first", batches: batches);
        await world.StartWorkerAsync("second", batches: batches);
        await world.StartWorkerAsync("second", batches: batches);

        await world.PublishAsync(2_000);

        await world.AssertEachOnceAsync("first", 2_000);
        await world.AssertEachOnceAsync("second", 2_000);
    }

    [Fact]
    public async Task An_event_that_stands_on_the_stream_again_has_no_second_effect_and_is_counted()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync(Group);
        var events = await world.PublishAsync(50);
        await world.AssertEachOnceAsync(Group, 50);

        await world.AppendAsync([.. events[20..40], .. events[30..45], .. events[..5]]);

        await BusWorld.UntilAsync(
            async () => (long)(await world.ScalarAsync("select duplicates_prevented from bus.consumer_group"))! == 40, () => "40 duplicates");
        await world.AssertEachOnceAsync(Group, 50);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 2)]
    public async Task A_failing_event_does_not_hold_up_the_rest_and_is_handled_later(bool batches, int lanes)
    {
        await using var world = await BusWorld.CreateAsync();
        var script = new HandlerScript
        {
            Before = (number, delivery, _) => number % 7 == 0 && delivery <= 2
                ? throw new InvalidOperationException($"No {number}.")
                : Task.CompletedTask,
        };
        await world.StartWorkerAsync(Group, script, batches, options => options.Lanes = lanes);

        await world.PublishAsync(100);

        await world.AssertEachOnceAsync(Group, 100);
        await BusWorld.UntilAsync(async () => (long)(await world.ScalarAsync("select count(*) from bus.retry"))! == 0, () => "no retry rows");
    }

    [Fact]
    public async Task What_a_failing_handler_did_before_it_failed_is_undone()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.ExecuteAsync("create table traces (number int not null)");
        var script = new HandlerScript
        {
            On = async (number, connection, cancellationToken) =>
            {
                await ExecuteAsync(connection, $"insert into traces values ({number})", cancellationToken);
                _ = number == 5 ? throw new InvalidOperationException("Not 5.") : 0;
            },
        };
        await world.StartWorkerAsync(Group, script, batches: false, options => options.MaxDeliveries = 2);

        await world.PublishAsync(10);

        await world.AssertEachOnceAsync(Group, 10, except: 5);
        await UntilDeadAsync(world, 1);
        Assert.Equal(9L, await world.ScalarAsync("select count(*) from traces"));
    }

    [Fact]
    public async Task An_event_that_failed_as_often_as_allowed_is_one_dead_letter_with_its_reason()
    {
        await using var world = await BusWorld.CreateAsync();
        var deliveries = new List<int>();
        var script = new HandlerScript
        {
            Before = (number, delivery, _) =>
            {
                if (number != 3)
                {
                    return Task.CompletedTask;
                }

                lock (deliveries)
                {
                    deliveries.Add(delivery);
                }

                throw new InvalidOperationException("Three is out.");
            },
        };
        await world.StartWorkerAsync(Group, script, batches: false, options => options.MaxDeliveries = 3);

        await world.PublishAsync(5);

        await UntilDeadAsync(world, 1);
        await world.AssertEachOnceAsync(Group, 5, except: 3);

        // Where others of its batch touched the transaction, an event that fails is handled again alone.
        Assert.Equal([1, 2, 3], deliveries.Distinct());
        Assert.Equal("3|InvalidOperationException: Three is out.", await world.ScalarAsync("select attempts || '|' || error from bus.retry"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_rejected_event_is_a_dead_letter_at_once(bool batches)
    {
        await using var world = await BusWorld.CreateAsync();
        var script = HandlerScript.Throwing(number => number == 4, () => new RejectEventException("Never."));
        await world.StartWorkerAsync(Group, script, batches);

        await world.PublishAsync(8);

        await UntilDeadAsync(world, 1);
        await world.AssertEachOnceAsync(Group, 8, except: 4);
        Assert.Equal("1|Never.", await world.ScalarAsync("select attempts || '|' || error from bus.retry"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_handler_that_hides_a_database_error_loses_no_event(bool batches)
    {
        await using var world = await BusWorld.CreateAsync();
        var script = new HandlerScript
        {
            On = async (number, connection, cancellationToken) =>
            {
                try
                {
                    await ExecuteAsync(connection, number == 6 ? "select 1 / 0" : "select 1", cancellationToken);
                }
                catch (PostgresException)
                {
                    // Hidden: the transaction is aborted.
                }
            },
        };
        await world.StartWorkerAsync(Group, script, batches, options => options.MaxDeliveries = 2);

        await world.PublishAsync(20);

        await UntilDeadAsync(world, 1);
        await world.AssertEachOnceAsync(Group, 20, except: 6);
    }

    [Fact]
    public async Task A_deferred_constraint_is_held_against_the_event_that_breaks_it()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.ExecuteAsync("create table parents (number int primary key)");
        await world.ExecuteAsync("create table children (parent int references parents deferrable initially deferred)");
        await world.ExecuteAsync("insert into parents select generate_series(1, 20) except select 11");
        var script = new HandlerScript { On = (number, connection, ct) => ExecuteAsync(connection, $"insert into children values ({number})", ct) };
        await world.StartWorkerAsync(Group, script, batches: false, options => options.MaxDeliveries = 2);

        await world.PublishAsync(20);

        await UntilDeadAsync(world, 1);
        await world.AssertEachOnceAsync(Group, 20, except: 11);
        Assert.Contains("children_parent_fkey", (string?)await world.ScalarAsync("select error from bus.retry"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_statement_that_always_runs_into_its_timeout_holds_up_only_its_own_event()
    {
        await using var world = await BusWorld.CreateAsync();
        var script = new HandlerScript
        {
            On = (number, connection, ct) => ExecuteAsync(
                connection, number == 9 ? "set local statement_timeout = 20; select pg_sleep(5)" : "select 1", ct),
        };
        await world.StartWorkerAsync(Group, script, batches: false, options => (options.MaxDeliveries, options.Lanes) = (2, 1));

        await world.PublishAsync(20);

        await UntilDeadAsync(world, 1);
        await world.AssertEachOnceAsync(Group, 20, except: 9);
    }

    [Fact]
    public async Task A_lock_that_is_not_to_be_had_holds_up_only_its_own_event_and_is_never_counted()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.ExecuteAsync("create table locked (number int primary key)");
        await world.ExecuteAsync("insert into locked values (9)");
        var script = new HandlerScript
        {
            On = (number, connection, ct) => ExecuteAsync(
                connection, $"set local lock_timeout = 20; select * from locked where number = {number} for update", ct),
        };
        await using var holder = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using var transaction = await holder.BeginTransactionAsync(Cancellation);
        await ExecuteAsync(holder, "select * from locked for update", Cancellation);
        await world.StartWorkerAsync(Group, script, batches: false, options => (options.MaxDeliveries, options.Lanes) = (1, 1));

        await world.PublishAsync(20);
        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 19, () => "the others");
        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync("select state || attempts from bus.retry where error like '%55P03%'") is "waiting0", () => "a retry");
        await transaction.RollbackAsync(Cancellation);

        await world.AssertEachOnceAsync(Group, 20);
    }

    [Fact]
    public async Task A_handler_that_is_idle_for_too_long_is_ended_and_its_event_fails()
    {
        await using var world = await BusWorld.CreateAsync();
        var script = new HandlerScript
        {
            On = async (number, connection, ct) =>
            {
                await ExecuteAsync(connection, "select 1", ct);
                if (number == 2)
                {
                    await BusWorld.UntilAsync(
                        async () => (long)(await world.ScalarAsync(
                            $"select count(*) from pg_stat_activity where pid = {connection.ProcessID}"))! == 0,
                        () => "the end of the session");
                }

                await ExecuteAsync(connection, "select 1", ct);
            },
        };
        await world.StartWorkerAsync(
            Group, script, batches: false, options => (options.MaxDeliveries, options.HandlerTimeout) = (1, TimeSpan.FromSeconds(3)));

        await world.PublishAsync(3);

        await UntilDeadAsync(world, 1);
        await world.AssertEachOnceAsync(Group, 3, except: 2);
    }

    [Fact]
    public async Task Ten_thousand_failing_events_stop_no_group()
    {
        await using var world = await BusWorld.CreateAsync();
        var isBroken = true;
        var script = HandlerScript.Throwing(number => number <= 10_000 && Volatile.Read(ref isBroken));
        await world.StartWorkerAsync(
            Group, script, batches: false, options => (options.Lanes, options.RetryDelays) = (1, [TimeSpan.FromSeconds(2)]));

        await world.PublishAsync(10_000);
        await world.PublishAsync(10);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 10, () => "the last ten");
        Volatile.Write(ref isBroken, false);
        await world.AssertEachOnceAsync(Group, 10_010);
    }

    [Fact]
    public async Task Data_that_cannot_be_read_fails_like_anything_else_and_the_rest_flows_on()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync(Group, configure: options => options.MaxDeliveries = 2);
        var events = await world.AddEventsAsync(3);
        await world.ExecuteAsync("alter table bus.outbox disable trigger user");
        await world.AppendAsync(events[0], events[2]);
        var fields = BusWorld.Fields(events[1]);
        fields[6] = new(fields[6].Name, "{\"number\":-1}");
        await world.Redis.StreamAddAsync(world.Key, fields);

        await UntilDeadAsync(world, 1);
        await world.AssertEachOnceAsync(Group, 3, except: 2);
        Assert.Contains("could not be read as Ping", (string?)await world.ScalarAsync("select error from bus.retry"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Entries_that_are_no_events_of_the_outbox_are_dead_letters_and_take_no_position()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync(Group);
        await world.Redis.StreamAddAsync(world.Key, [new("id", "x"), new("position", "1"), new("\0nul", "\0")]);
        await world.Redis.StreamAddAsync(world.Key, "hello", "world");
        var huge = BusWorld.Fields(new TestEvent(long.MaxValue, Guid.CreateVersion7(), Ping.EventType, 0));
        await world.Redis.StreamAddAsync(world.Key, huge);
        await world.AppendAsync(new TestEvent(1, Guid.CreateVersion7(), Ping.EventType, 99),
            new TestEvent(77, Guid.CreateVersion7(), Ping.EventType, 98));
        await UntilDeadAsync(world, 5);

        await world.PublishAsync(5);

        await world.AssertEachOnceAsync(Group, 5);
        Assert.Equal(5L, await world.ScalarAsync("select count(*) from bus.retry where position is null and entry_id is not null"));
    }

    [Fact]
    public async Task Events_that_nobody_subscribes_to_are_done_at_once()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync(Group);

        await world.AppendAsync(await world.AddEventsAsync(10, type: "test.other"));
        await world.PublishAsync(5);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 5, () => "effects");
        await world.UntilPendingAsync(Group, 0);
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.retry"));
        Assert.Equal(15L, await world.ScalarAsync("select events from bus.group_progress"));
    }

    [Fact]
    public async Task Two_versions_of_a_worker_lose_no_event_of_a_new_type()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync(Group);
        await world.StartWorkerAsync(Group, type: "test.pong");
        await BusWorld.UntilAsync(async () => (long)(await world.ScalarAsync("select count(*) from bus.subscription"))! == 2,
            () => "two subscriptions");

        await world.AppendAsync(await world.AddEventsAsync(40, type: "test.pong"));
        await world.AppendAsync(await world.AddEventsAsync(40));

        await world.AssertEachOnceAsync(Group, 80);
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.retry where state = 'dead'"));
    }

    [Fact]
    public async Task A_lane_waits_while_Postgres_is_away_and_goes_on_by_itself()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: postgres);
        await world.StartWorkerAsync(Group);
        await world.PublishAsync(100);
        await world.AssertEachOnceAsync(Group, 100);
        var events = await world.AddEventsAsync(200);
        await postgres.StopAsync();
        await world.AppendAsync(events);
        await BusWorld.UntilAsync(async () => (await world.Redis.StreamPendingAsync(world.Key, Group)).PendingMessageCount > 0,
            () => "pending entries");

        await postgres.RestartAsync(Cancellation);

        await world.AssertEachOnceAsync(Group, 300);
        Assert.Equal(0L, await world.ScalarAsync("select count(*) from bus.retry"));
    }

    [Fact]
    public async Task A_lost_group_is_created_again_and_nothing_happens_twice()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.StartWorkerAsync(Group);
        await world.PublishAsync(30);
        await world.AssertEachOnceAsync(Group, 30);

        await world.Redis.ExecuteAsync("XGROUP", "DESTROY", world.Key, Group);
        await world.PublishAsync(30);
        await world.AssertEachOnceAsync(Group, 60);
        await world.Redis.KeyDeleteAsync(world.Key);
        await world.PublishAsync(30);

        await world.AssertEachOnceAsync(Group, 90);
    }

    [Fact]
    public async Task Lanes_read_nothing_of_another_outbox()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.Redis.HashSetAsync(StreamKeys.Relay(world.Stream), "outbox", Guid.NewGuid().ToString());
        await world.PublishAsync(10);
        var host = await world.StartWorkerAsync(Group);
        var health = host.Services.GetHealthChecks();
        await BusWorld.UntilAsync(
            async () => (await health.CheckHealthAsync(Cancellation)).Entries[$"consumer-group-{world.Stream}-{Group}"]
                .Description?.Contains("another outbox") == true,
            () => "a reason in the health check");
        Assert.Equal(0, (await world.Redis.StreamPendingAsync(world.Key, Group)).PendingMessageCount);

        await world.Redis.KeyDeleteAsync(StreamKeys.Relay(world.Stream));

        await world.AssertEachOnceAsync(Group, 10);
    }

    [Fact]
    public async Task Reads_pause_while_too_much_is_pending_and_resume_below_half()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync(Group);
        var first = await world.PublishAsync(60);
        await world.Redis.StreamReadGroupAsync(world.Key, Group, "gone", ">", 60);
        var host = await world.StartWorkerAsync(Group, configure: options => (options.Lanes, options.BatchSize, options.PauseAbove) = (1, 20, 41));
        var health = host.Services.GetHealthChecks();
        await BusWorld.UntilAsync(
            async () => (await health.CheckHealthAsync(Cancellation)).Entries[$"consumer-group-{world.Stream}-{Group}"]
                .Description?.Contains("60 entries") == true,
            () => "a paused lane");
        await world.PublishAsync(10);
        Assert.Equal(60, (await world.Redis.StreamPendingAsync(world.Key, Group)).PendingMessageCount);

        var pending = await world.Redis.StreamPendingMessagesAsync(world.Key, Group, 45, "gone");
        await world.Redis.StreamAcknowledgeAsync(world.Key, Group, [.. pending.Select(entry => entry.MessageId)]);

        await BusWorld.UntilAsync(async () => await world.EffectsAsync(Group) == 10, () => "the new ones");
        Assert.Equal(60, first.Length);
    }

    [Fact]
    public async Task A_worker_that_stops_finishes_its_batch_and_leaves_no_consumer_behind()
    {
        await using var world = await BusWorld.CreateAsync();
        var (began, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var script = new HandlerScript
        {
            Before = async (_, _, ct) =>
            {
                began.TrySetResult();
                await go.Task.WaitAsync(ct);
            },
        };
        var host = await world.StartWorkerAsync(Group, script, configure: options => options.Lanes = 1);
        await world.PublishAsync(5);
        await began.Task.WaitAsync(Cancellation);

        var stop = host.StopAsync(Cancellation);
        go.SetResult();
        await stop;

        Assert.True(await world.EffectsAsync(Group) > 0);
        Assert.Empty(await world.Redis.StreamConsumerInfoAsync(world.Key, Group));
        Assert.Equal(0, (await world.Redis.StreamPendingAsync(world.Key, Group)).PendingMessageCount);
    }

    [Fact]
    public async Task An_event_that_a_handler_adds_is_committed_with_its_effect()
    {
        await using var world = await BusWorld.CreateAsync();
        var script = new HandlerScript
        {
            On = (number, connection, ct) => ExecuteAsync(
                connection,
                $"insert into bus.outbox (stream, position, id, type, source, subject, time, data) values ({world.Identity.Id}, "
                + $"bus.next_position({world.Identity.Id}), gen_random_uuid(), 'test.follow-up', 'tests', '{number}', now(), '{{}}')",
                ct),
        };
        await world.StartWorkerAsync(Group, script);

        await world.PublishAsync(25);

        await world.AssertEachOnceAsync(Group, 25);
        Assert.Equal(25L, await world.ScalarAsync("select count(distinct subject) from bus.outbox where type = 'test.follow-up'"));
    }

    private static Task UntilDeadAsync(BusWorld world, int count) => BusWorld.UntilAsync(
        async () => (long)(await world.ScalarAsync("select count(*) from bus.retry where state = 'dead'"))! == count, () => $"{count} dead letters");

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

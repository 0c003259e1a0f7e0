using System.Collections.Concurrent;
using FanOut.EventBus.Tests.Publishing;
using FanOut.EventBus.Tests.Retrying;
using FanOut.TestServers;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class RetryWorkerTests
{
    private const string Group = "retries";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_failed_delivery_waits_longer_than_the_one_before()
    {
        await using var world = await BusWorld.CreateAsync();
        var script = HandlerScript.Throwing(_ => true);
        await world.StartWorkerAsync(Group, script, configure: options => options.RetryDelays =
            [TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(10), TimeSpan.FromHours(1)]);

        await world.PublishAsync(1);

        await BusWorld.UntilAsync(async () => await world.ScalarAsync("select max(attempts) from bus.retry") is 2, () => "the second failure");
        Assert.InRange((double)(await world.ScalarAsync("select extract(epoch from due_at - failed_at)::float8 from bus.retry"))!, 590, 610);
    }

    [Fact]
    public async Task An_event_whose_claim_ends_while_its_handler_runs_has_its_effect_once()
    {
        await using var world = await BusWorld.CreateAsync();
        var (began, go, calls) = (new TaskCompletionSource(), new TaskCompletionSource(), 0);
        var script = new HandlerScript
        {
            Before = async (_, delivery, ct) =>
            {
                Interlocked.Increment(ref calls);
                if (delivery == 1)
                {
                    throw new InvalidOperationException("The first time.");
                }

                began.TrySetResult();
                await go.Task.WaitAsync(ct);
            },
        };
        await world.StartWorkerAsync(Group, script, configure: options => options.ReclaimAfter = TimeSpan.FromSeconds(1));
        await world.StartWorkerAsync(Group, script, configure: options => options.ReclaimAfter = TimeSpan.FromSeconds(1));
        await world.PublishAsync(1);
        await began.Task.WaitAsync(Cancellation);

        await BusWorld.UntilAsync(
            async () => (bool)(await world.ScalarAsync("select due_at < clock_timestamp() - interval '300 ms' from bus.retry"))!,
                () => "the end of the claim");
        go.SetResult();

        await world.AssertEachOnceAsync(Group, 1);
        await BusWorld.UntilAsync(async () => (long)(await world.ScalarAsync("select count(*) from bus.retry"))! == 0, () => "no retry rows");
        Assert.Equal(2, calls);
    }

    [Fact]
    public async Task What_a_dead_worker_had_claimed_is_handled_alone_by_another()
    {
        await using var queue = await RetryWorld.CreateAsync();
        var world = queue.Bus;
        await queue.AddAsync(30);
        await world.ExecuteAsync("update bus.retry set claim = gen_random_uuid(), due_at = clock_timestamp() - interval '1 second'");

        var deliveries = new ConcurrentBag<int>();
        var script = new HandlerScript { Before = (_, delivery, ct) => Task.Run(() => deliveries.Add(delivery), ct) };
        await world.StartWorkerAsync(Group, script);

        await world.AssertEachOnceAsync(Group, 30);
        Assert.Equal(30, deliveries.Count);
        Assert.All(deliveries, delivery => Assert.Equal(1, delivery));
    }

    [Fact]
    public async Task While_Postgres_is_away_no_attempt_is_counted()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: postgres);
        var (began, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var deliveries = new ConcurrentBag<int>();
        var script = new HandlerScript
        {
            Before = async (_, delivery, ct) =>
            {
                deliveries.Add(delivery);
                if (delivery == 1)
                {
                    throw new InvalidOperationException("The first time.");
                }

                began.TrySetResult();
                await go.Task.WaitAsync(ct);
            },
        };
        await world.StartWorkerAsync(Group, script);
        await world.PublishAsync(20);
        await began.Task.WaitAsync(Cancellation);
        await BusWorld.UntilAsync(async () => (long)(await world.ScalarAsync("select count(*) from bus.retry"))! == 20, () => "20 failed events");

        await postgres.StopAsync();
        go.SetResult();
        await postgres.RestartAsync(Cancellation);

        await world.AssertEachOnceAsync(Group, 20);
        Assert.All(deliveries, delivery => Assert.InRange(delivery, 1, 2));
    }

    [Fact]
    public async Task While_Postgres_is_read_only_it_warns_once_and_backs_off()
    {
        using var refusals = new ServerLog();
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Log = refusals.File }, Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: server);
        var log = new LogRecorder();
        await world.StartWorkerAsync(Group, log: log);
        await world.PublishAsync(1);
        await world.AssertEachOnceAsync(Group, 1);
        await server.MakeReadOnlyAsync(Cancellation);

        await BusWorld.UntilAsync(
            () => Task.FromResult(refusals.Count("cannot execute SELECT FOR UPDATE") >= 5), () => "five refused claims");

        Assert.Single(log.Entries, entry => entry.EventId == 211);
    }
}

using FanOut.EventBus.Tests.Maintenance;
using FanOut.EventBus.Tests.Retrying;
using FanOut.TestServers;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class PauseTests
{
    private static readonly GroupName Group = new("paused");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_paused_group_reads_nothing_and_goes_on_where_it_was()
    {
        await using var world = await BusWorld.CreateAsync();
        var worker = await world.StartWorkerAsync(Group.Value);
        await world.StartWorkerAsync("other");
        await world.PublishAsync(50);
        await world.AssertEachOnceAsync(Group.Value, 50);

        await Administration(world).PauseAsync(Group, "ada", Cancellation);
        await UntilLanesRestAsync(world, worker);
        await world.PublishAsync(50);
        await world.AssertEachOnceAsync("other", 100);

        Assert.Equal(50L, await world.EffectsAsync(Group.Value));
        Assert.Equal(0, (await world.Redis.StreamPendingAsync(world.Key, Group.Value)).PendingMessageCount);
        Assert.Equal(2, GaugeReading.Read(world.Stream)["fanout.lane.paused"]);
        await Administration(world).ResumeAsync(Group, "bob", Cancellation);
        await world.AssertEachOnceAsync(Group.Value, 100);
        Assert.Equal(HealthStatus.Healthy, (await HealthAsync(world, worker)).Status);
    }

    [Fact]
    public async Task A_worker_that_starts_in_a_paused_group_neither_reads_nor_retries_and_counts_no_attempt()
    {
        await using var queue = await RetryWorld.CreateAsync();
        var world = queue.Bus;
        await queue.AddAsync(20);
        await Administration(world).PauseAsync(queue.Group.Name, "ada", Cancellation);
        await world.PublishAsync(30);

        await world.StartWorkerAsync(queue.Group.Name.Value);
        await world.StartWorkerAsync("other");
        await world.AssertEachOnceAsync("other", 50, [.. Enumerable.Range(1, 20)]);
        await UntilSeenAgainAsync(world);

        Assert.Equal(0L, await world.EffectsAsync(queue.Group.Name.Value));
        Assert.Equal(20L, await world.ScalarAsync("select count(*) from bus.retry where attempts = 0 and claim is null and state = 'waiting'"));
        await Administration(world).ResumeAsync(queue.Group.Name, "ada", Cancellation);
        await world.AssertEachOnceAsync(queue.Group.Name.Value, 50);
    }

    [Fact]
    public async Task The_batch_at_hand_ends_when_its_group_is_paused()
    {
        await using var world = await BusWorld.CreateAsync();
        var (began, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var script = new HandlerScript
        {
            Before = async (_, _, cancellationToken) =>
            {
                began.TrySetResult();
                await go.Task.WaitAsync(cancellationToken);
            },
        };
        var worker = await world.StartWorkerAsync(Group.Value, script, configure: options => options.Lanes = 1);
        await world.PublishAsync(1);
        await began.Task.WaitAsync(Cancellation);

        await Administration(world).PauseAsync(Group, "ada", Cancellation);
        await UntilPausedAsync(world, worker);
        await world.PublishAsync(5);
        go.SetResult();

        await world.AssertEachOnceAsync(Group.Value, 1);
        await UntilLanesRestAsync(world, worker);
        Assert.Equal(1L, await world.EffectsAsync(Group.Value));
        await Administration(world).ResumeAsync(Group, "ada", Cancellation);
        await world.AssertEachOnceAsync(Group.Value, 6);
    }

    [Fact]
    public async Task A_group_stays_paused_while_Postgres_is_away_and_afterwards()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: postgres);
        var worker = await world.StartWorkerAsync(Group.Value);
        await UntilSeenAgainAsync(world);
        await Administration(world).PauseAsync(Group, "ada", Cancellation);
        await UntilPausedAsync(world, worker);
        var events = await world.AddEventsAsync(20);

        await postgres.StopAsync();
        await world.AppendAsync(events);
        await UntilLanesRestAsync(world, worker);
        await postgres.RestartAsync(Cancellation);
        world.Postgres.Clear();
        await UntilSeenAgainAsync(world);

        await UntilPausedAsync(world, worker);
        Assert.Equal(0, (await world.Redis.StreamPendingAsync(world.Key, Group.Value)).PendingMessageCount);
        await Administration(world).ResumeAsync(Group, "ada", Cancellation);
        await world.AssertEachOnceAsync(Group.Value, 20);
    }

    [Fact]
    public async Task The_first_who_pauses_a_group_is_kept_until_it_is_resumed()
    {
        await using var world = await BusWorld.CreateAsync();
        await world.RegisterGroupAsync(Group.Value);
        var administration = Administration(world);

        var pauses = await Task.WhenAll(
            Enumerable.Range(0, 8).Select(i => administration.PauseAsync(Group, $"operator {i}", Cancellation)));

        Assert.NotNull(Assert.Single(pauses.Distinct()));
        Assert.Equal(pauses[0], await administration.PauseAsync(Group, "late", Cancellation));
        Assert.True(await administration.ResumeAsync(Group, "ada", Cancellation));
        Assert.True(await administration.ResumeAsync(Group, "ada", Cancellation));
        Assert.Equal("late", (await administration.PauseAsync(Group, "late", Cancellation))?.By);
        Assert.Null(await administration.PauseAsync(new("none"), "ada", Cancellation));
        Assert.False(await administration.ResumeAsync(new("none"), "ada", Cancellation));
    }

    private static ConsumerGroupAdministration Administration(BusWorld world) =>
        new(world.Stream, world.Catalog, world.Groups, NullLogger<ConsumerGroupAdministration>.Instance);

    private static async Task<HealthReportEntry> HealthAsync(BusWorld world, IHost worker) =>
        (await worker.Services.GetHealthChecks().CheckHealthAsync(check => check.Tags.Contains("ready"), Cancellation)).Entries.Values.Single();

    private static Task UntilPausedAsync(BusWorld world, IHost worker) => BusWorld.UntilAsync(
        async () => await HealthAsync(world, worker) is { Status: HealthStatus.Degraded, Description: { } text }
            && text.Contains("was paused by ada at", StringComparison.Ordinal),
        () => "a paused worker");

    /// <summary>Waits until the worker knows that its group is paused, and the last read of each lane is over.</summary>
    private static async Task UntilLanesRestAsync(BusWorld world, IHost worker)
    {
        await UntilPausedAsync(world, worker);
        var lanes = (await world.Redis.StreamConsumerInfoAsync(world.Key, Group.Value)).Select(lane => lane.Name).ToHashSet();
        var looks = 0;
        await BusWorld.UntilAsync(
            async () =>
            {
                var clients = await world.Connection.GetServers()[0].ClientListAsync();
                var isReading = clients.Any(client => client.Flags.HasFlag(ClientFlags.Blocked) && lanes.Contains(client.Name ?? ""));
                looks = isReading ? 0 : looks + 1;
                return looks == 10;
            },
            () => "resting lanes");
    }

    /// <summary>Waits until every worker has written its row again.</summary>
    private static async Task UntilSeenAgainAsync(BusWorld world)
    {
        var now = (DateTime)(await world.ScalarAsync("select now()"))!;
        await BusWorld.UntilAsync(
            async () => await world.ScalarAsync($"select min(seen_at) from bus.worker") is DateTime seen && seen > now.AddSeconds(1),
            () => "workers that were seen again");
    }
}

using FanOut.TestServers;
using Microsoft.Extensions.Logging.Abstractions;

namespace FanOut.EventBus.Tests.Consuming;

public sealed class WorkerListTests
{
    private static readonly GroupName Group = new("billing");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_worker_is_listed_with_what_it_does_until_it_stops_or_is_gone()
    {
        await using var redis = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        await using var world = await BusWorld.CreateAsync(redis);
        var administration = new ConsumerGroupAdministration(
            world.Stream, world.Catalog, world.Groups, NullLogger<ConsumerGroupAdministration>.Instance);
        var host = await world.StartWorkerAsync(Group.Value);
        await world.PublishAsync(100);
        await UntilAsync(worker => worker is { State: WorkerState.Working, Lanes: 2, Reason: null, Rate: > 0 });
        var lanes = (await world.Redis.StreamConsumerInfoAsync(world.Key, Group.Value)).Select(lane => lane.Name);
        var name = Assert.Single((await administration.ListWorkersAsync(Group, Cancellation))!).Name;
        Assert.All(lanes, lane => Assert.StartsWith($"{name}-", lane, StringComparison.Ordinal));

        await administration.PauseAsync(Group, "ada", Cancellation);
        await UntilAsync(worker => worker is { State: WorkerState.Paused, Reason: { } reason }
            && reason.StartsWith("The group was paused by ada at ", StringComparison.Ordinal));
        await administration.ResumeAsync(Group, "ada", Cancellation);
        await UntilAsync(worker => worker is { State: WorkerState.Working, Rate: 0 });
        await redis.KillAsync();
        await UntilAsync(worker => worker is { State: WorkerState.Waiting, Reason: { } reason }
            && reason.Contains("Redis", StringComparison.Ordinal));
        await redis.RestartAsync(Cancellation);
        await UntilAsync(worker => worker.State == WorkerState.Working);

        await host.StopAsync(Cancellation);
        Assert.Equal(WorkerState.Stopped, Assert.Single((await administration.ListWorkersAsync(Group, Cancellation))!).State);
        await world.ExecuteAsync("update bus.worker set stopped = false, seen_at = now() - interval '16 seconds'");
        Assert.Equal(WorkerState.Gone, Assert.Single((await administration.ListWorkersAsync(Group, Cancellation))!).State);
        await world.ExecuteAsync("update bus.worker set seen_at = now() - interval '25 hours'");
        Assert.Empty((await administration.ListWorkersAsync(Group, Cancellation))!);
        Assert.Null(await administration.ListWorkersAsync(new("none"), Cancellation));

        Task UntilAsync(Func<GroupWorker, bool> condition) => BusWorld.UntilAsync(
            async () => await administration.ListWorkersAsync(Group, Cancellation) is [var worker] && condition(worker), () => "the worker's state");
    }
}

using System.Net;
using FanOut.TestServers;
using Xunit;

namespace FanOut.Services.Tests.Reclaimer;

public sealed class GroupTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_group_is_paused_by_the_first_who_asks_and_resumed()
    {
        await using var operations = await Operations.StartAsync();

        var paused = await operations.Api.PauseGroupAsync(Operations.Group, Cancellation);
        var again = await operations.Api.PauseGroupAsync(Operations.Group, Cancellation);
        Assert.Equal(("tests", paused.PausedAt), (paused.PausedBy, again.PausedAt));
        await Eventually.BecomesTrueAsync(
            async () => (await operations.Api.GetGroupAsync(Operations.Group, Cancellation)).PausedBy == "tests");

        Assert.Null((await operations.Api.ResumeGroupAsync(Operations.Group, Cancellation)).PausedAt);
        Assert.Null((await operations.Api.ResumeGroupAsync(Operations.Group, Cancellation)).PausedBy);
        await Eventually.BecomesTrueAsync(
            async () => (await operations.Api.GetGroupAsync(Operations.Group, Cancellation)).PausedAt is null);
    }

    [Theory]
    [InlineData("POST", "pause")]
    [InlineData("POST", "resume")]
    [InlineData("GET", "workers")]
    public async Task A_group_that_does_not_exist_is_answered_404_with_those_that_do(string method, string what)
    {
        await using var operations = await Operations.StartAsync();
        await UntilSampledAsync(operations);

        foreach (var name in new[] { "none", "No%20Name", new string('x', 101) })
        {
            var answer = await operations.SendAsync(new HttpMethod(method), $"/groups/{name}/{what}");
            answer.IsProblem(HttpStatusCode.NotFound);
            Assert.Contains($"are: {Operations.Group}.", (string)answer.Json["detail"]!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_group_is_paused_while_Redis_is_away()
    {
        await using var redis = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        await using var operations = await Operations.StartAsync(redis);
        await UntilSampledAsync(operations);
        await redis.KillAsync();

        Assert.Equal("tests", (await operations.Api.PauseGroupAsync(Operations.Group, Cancellation)).PausedBy);
    }

    [Fact]
    public async Task The_workers_of_a_group_are_listed_those_that_run_first()
    {
        await using var operations = await Operations.StartAsync();
        Assert.Empty((await operations.Api.ListWorkersAsync(Operations.Group, Cancellation)).Workers);
        await operations.ExecuteAsync("""
            insert into bus.worker (group_id, name, started_at, seen_at, lanes, reason, stopped, rate)
            select id, w.name, now() - interval '1 hour', now() - age, 4, reason, stopped, 2.5
            from bus.consumer_group, (values
                ('a', interval '16 seconds', null, false), ('b', interval '1 second', null, true), ('c', interval '1 hour', null, true),
                ('d', interval '1 second', 'Redis is away.', false), ('e', interval '1 second', null, false)) as w (name, age, reason, stopped)
            """);

        var workers = (await operations.Api.ListWorkersAsync(Operations.Group, Cancellation)).Workers;

        Assert.Equal(
            [("d", "waiting", "Redis is away."), ("e", "working", null), ("a", "gone", null), ("b", "stopped", null), ("c", "stopped", null)],
            workers.Select(worker => (worker.Name, worker.State, worker.Reason)));
        Assert.Equal([2.5, 2.5, 0, 0, 0], workers.Select(worker => worker.Rate));
        Assert.All(workers, worker => Assert.Equal(4, worker.Lanes));
        await operations.Api.PauseGroupAsync(Operations.Group, Cancellation);
        workers = (await operations.Api.ListWorkersAsync(Operations.Group, Cancellation)).Workers;
        Assert.Equal(["paused", "working", "gone", "stopped", "stopped"], workers.Select(worker => worker.State)); // One has not read it yet.
    }

    [Theory]
    [InlineData(null, 10)]
    [InlineData("15m", 10)]
    [InlineData("1h", 30)]
    [InlineData("1d", 600)]
    public async Task The_history_is_shown_in_steps_with_gaps_where_nothing_was_sampled(string? range, int step)
    {
        await using var operations = await Operations.StartAsync();
        await operations.ExecuteAsync($"""
            insert into bus.stream_history (stream, step, slot, sampled_at, published, backlog, length)
            select id, step, slot, slot + interval '5 seconds', 1000 - 10 * n, n, 7
            from (
                select id, step, n, date_bin(step, now(), 'epoch') - n * step as slot
                from bus.stream, (select interval '{step} seconds' as step) as given, generate_series(2, 80) as n where n <> 40) as steps;
            insert into bus.group_history (group_id, step, slot, lag, lag_seconds, pending, waiting, dead, finished, delays)
            select g.id, h.step, h.slot, 1, 2.5, 3, 4, 5, {step} * 6, array[50, 49, 1]
            from bus.stream_history h, bus.consumer_group g where h.backlog between 2 and 80
            """);

        var history = await operations.Api.GetHistoryAsync(range, Cancellation);

        var points = history.Stream.Where(point => point.Backlog >= 2).ToArray();
        Assert.Equal((range ?? "15m", step, 78), (history.Range, history.StepSeconds, points.Length));
        Assert.Equal([80, 79], points[..2].Select(point => (int)point.Backlog));
        Assert.Equal(10d / step, points[1].Rate);
        Assert.Null(Assert.Single(points, point => point.Backlog == 39).Rate);
        var group = Assert.Single(history.Groups);
        var last = group.Points.Last(point => point.Pending == 3);
        Assert.Equal(
            (Operations.Group, 1L, 2.5, 4L, 5L, 6d),
            (group.Group, last.Lag, last.LagSeconds, last.Waiting, last.DeadLetters, last.Rate!.Value));
        Assert.InRange(last.P50Seconds!.Value, 0.0009, 0.001);
        Assert.InRange(last.P99Seconds!.Value, 0.001, 0.0012);
    }

    [Fact]
    public async Task Another_range_is_refused_with_those_that_there_are()
    {
        await using var operations = await Operations.StartAsync();
        var answer = await operations.SendAsync(HttpMethod.Get, "/history?range=2h");
        answer.IsProblemOf(HttpStatusCode.BadRequest, "range");
        Assert.Contains("15m, 1h, 1d", answer.Body, StringComparison.Ordinal);
        (await operations.SendAsync(HttpMethod.Get, "/history?range=")).IsProblemOf(HttpStatusCode.BadRequest, "range");
        (await operations.SendAsync(HttpMethod.Get, "/history?since=1h")).IsProblemOf(HttpStatusCode.BadRequest, "since");
    }

    private static Task UntilSampledAsync(Operations operations) => Eventually.BecomesTrueAsync(
        async () => (await operations.Api.ListGroupsAsync(Cancellation)).Groups.Count == 1);
}

using FanOut.Contracts.Operations;
using FanOut.EventBus;
using FanOut.ServiceDefaults.Access;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FanOut.Reclaimer.Streams;

internal static class StreamEndpoints
{
    public static void MapStreams(this IEndpointRouteBuilder routes)
    {
        var streams = routes.MapGroup("").WithTags("Streams").RequireScope(Scopes.OpsRead).AddEndpointFilter<UnavailableFilter>();
        streams.MapGet("/streams", ListStreamsAsync).WithName("ListStreams").WithSummary("Get the state of the stream").Produces<StreamList>();
        streams.MapGet("/groups", ListGroupsAsync).WithName("ListGroups").WithSummary("Get the state of the consumer groups").Produces<GroupList>();
        streams.MapGet("/groups/{name}", FindGroupAsync)
            .WithName("GetGroup")
            .WithSummary("Get the state of a consumer group")
            .Produces<GroupStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        streams.MapGet("/history", GetHistoryAsync)
            .WithName("GetHistory")
            .WithSummary("Get how the stream and its groups stood over a time")
            .WithDescription("A step in which no sample was taken has no point.")
            .Produces<StreamHistory>()
            .ProducesValidationProblem();
    }

    private static async Task<IResult> ListStreamsAsync(StreamSampler sampler, CancellationToken cancellationToken)
    {
        var sample = await SampleAsync(sampler, cancellationToken);
        return TypedResults.Ok(new StreamList([new StreamStatus(
            sample.Stream.Value,
            sample.Time,
            sample.HighestPosition,
            sample.Published,
            sample.PublishedRate,
            sample.Length,
            sample.Memory,
            sample.MemoryUsed,
            sample.MemoryLimit,
            sample.MemoryLeft?.TotalSeconds,
            sample.LengthLeft?.TotalSeconds,
            sample.Groups.Count,
            sample.Groups.Sum(group => group.DeadLetters))]));
    }

    private static async Task<IResult> ListGroupsAsync(StreamSampler sampler, CancellationToken cancellationToken)
    {
        var sample = await SampleAsync(sampler, cancellationToken);
        return TypedResults.Ok(new GroupList([.. sample.Groups.Select(group => View(group, sample))]));
    }

    private static async Task<IResult> FindGroupAsync(string name, StreamSampler sampler, CancellationToken cancellationToken)
    {
        var sample = await SampleAsync(sampler, cancellationToken);
        return sample.Groups.FirstOrDefault(group => group.Group.Value == name) is { } found
            ? TypedResults.Ok(View(found, sample))
            : NoSuchGroup(sample);
    }

    private static async Task<IResult> GetHistoryAsync(
        [AsParameters] HistoryQuery query, SampleHistory history, CancellationToken cancellationToken)
    {
        var range = query.Range switch
        {
            "1h" => HistoryRange.Hour,
            "1d" => HistoryRange.Day,
            _ => HistoryRange.QuarterHour,
        };
        var series = await history.ReadAsync(range, cancellationToken);
        return TypedResults.Ok(new StreamHistory(
            query.Range ?? "15m",
            (int)range.Step.TotalSeconds,
            [.. series.Stream.Select(point => new StreamPoint(point.At, point.Rate, point.Backlog, point.Length))],
            [.. series.Groups.Select(group => new GroupHistory(group.Group.Value, [.. group.Points.Select(View)]))]));

        static GroupPoint View(GroupSeriesPoint point) => new(
            point.At,
            point.Lag,
            point.LagDuration.TotalSeconds,
            point.Pending,
            point.Waiting,
            point.DeadLetters,
            point.Rate,
            point.P50?.TotalSeconds,
            point.P99?.TotalSeconds);
    }

    internal static ProblemHttpResult NoSuchGroup(StreamSample sample) => TypedResults.Problem(
        title: "There is no such group.",
        detail: $"The groups of stream '{sample.Stream}' are: {string.Join(", ", sample.Groups.Select(group => group.Group))}. " +
            "A group is created when its worker first starts.",
        statusCode: StatusCodes.Status404NotFound);

    internal static async Task<StreamSample> SampleAsync(StreamSampler sampler, CancellationToken cancellationToken) =>
        sampler.Latest ?? await sampler.SampleAsync(cancellationToken);

    internal static GroupStatus View(GroupSample group, StreamSample sample) => new(
        group.Group.Value,
        sample.Stream.Value,
        sample.Time,
        group.Exists,
        group.Lag,
        group.LagDuration.TotalSeconds,
        group.Pending,
        group.Waiting,
        group.LiveLanes,
        group.DeadLetters,
        group.DoneThrough,
        group.LastDelivered,
        [.. group.Consumers.Select(consumer => new ConsumerStatus(consumer.Name, consumer.Pending, consumer.Idle.TotalSeconds, consumer.IsLive))],
        group.Rate,
        group.P50?.TotalSeconds,
        group.P99?.TotalSeconds,
        group.Pause?.At,
        group.Pause?.By,
        group.LiveWorkers,
        group.WaitReason);
}

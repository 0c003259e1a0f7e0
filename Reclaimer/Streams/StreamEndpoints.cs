using FanOut.Contracts.Operations;
using FanOut.EventBus;
using FanOut.ServiceDefaults.Access;

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
            : TypedResults.Problem(
                title: "There is no such group.",
                detail: $"The groups of stream '{sample.Stream}' are: {string.Join(", ", sample.Groups.Select(group => group.Group))}. " +
                    "A group is created when its worker first starts.",
                statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<StreamSample> SampleAsync(StreamSampler sampler, CancellationToken cancellationToken) =>
        sampler.Latest ?? await sampler.SampleAsync(cancellationToken);

    private static GroupStatus View(GroupSample group, StreamSample sample) => new(
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
        [.. group.Consumers.Select(consumer => new ConsumerStatus(consumer.Name, consumer.Pending, consumer.Idle.TotalSeconds, consumer.IsLive))]);
}

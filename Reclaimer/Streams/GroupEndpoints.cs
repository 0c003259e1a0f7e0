using System.Security.Claims;
using FanOut.Contracts.Operations;
using FanOut.EventBus;
using FanOut.ServiceDefaults.Access;

namespace FanOut.Reclaimer.Streams;

internal static class GroupEndpoints
{
    public static void MapGroups(this IEndpointRouteBuilder routes)
    {
        var groups = routes.MapGroup("/groups/{name}").WithTags("Streams").AddEndpointFilter<UnavailableFilter>();
        groups.MapGet("/workers", ListWorkersAsync)
            .RequireScope(Scopes.OpsRead)
            .WithName("ListWorkers")
            .WithSummary("List the processes that run a consumer group")
            .Produces<WorkerList>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        groups.MapPost("/pause", PauseAsync)
            .RequireScope(Scopes.OpsWrite)
            .RecordAction("pause group")
            .WithName("PauseGroup")
            .WithSummary("Pause a consumer group")
            .WithDescription(
                "Within seconds its workers end what they have at hand, and then read and retry nothing until the group is resumed, whatever is "
                + "restarted. No event is lost, no attempt counted. Pausing a paused group changes nothing.")
            .Produces<GroupStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        groups.MapPost("/resume", ResumeAsync)
            .RequireScope(Scopes.OpsWrite)
            .RecordAction("resume group")
            .WithName("ResumeGroup")
            .WithSummary("Let a paused consumer group go on where it was")
            .Produces<GroupStatus>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status503ServiceUnavailable);
    }

    private static async Task<IResult> ListWorkersAsync(
        string name, ConsumerGroupAdministration administration, StreamSampler sampler, CancellationToken cancellationToken)
    {
        var workers = GroupName.TryParse(name, out var group) ? await administration.ListWorkersAsync(group, cancellationToken) : null;
        return workers is null
            ? StreamEndpoints.NoSuchGroup(await StreamEndpoints.SampleAsync(sampler, cancellationToken))
            : TypedResults.Ok(new WorkerList([.. workers.Select(View)]));

        static WorkerStatus View(GroupWorker worker) => new(
            worker.Name,
            worker.State.ToString().ToLowerInvariant(),
            worker.Reason,
            worker.Lanes,
            worker.Rate,
            worker.StartedAt,
            worker.SeenAt);
    }

    private static async Task<IResult> PauseAsync(
        string name, ClaimsPrincipal caller, ConsumerGroupAdministration administration, StreamSampler sampler, CancellationToken cancellationToken)
    {
        var pause = GroupName.TryParse(name, out var group) ? await administration.PauseAsync(group, caller.Name(), cancellationToken) : null;
        return await ShowAsync(name, pause is not null, pause, sampler, cancellationToken);
    }

    private static async Task<IResult> ResumeAsync(
        string name, ClaimsPrincipal caller, ConsumerGroupAdministration administration, StreamSampler sampler, CancellationToken cancellationToken)
    {
        var exists = GroupName.TryParse(name, out var group) && await administration.ResumeAsync(group, caller.Name(), cancellationToken);
        return await ShowAsync(name, exists, pause: null, sampler, cancellationToken);
    }

    /// <summary>Answers with the group as it stood last, also while Redis is away, and its pause as it is now.</summary>
    private static async Task<IResult> ShowAsync(
        string name, bool exists, GroupPause? pause, StreamSampler sampler, CancellationToken cancellationToken)
    {
        var sample = await StreamEndpoints.SampleAsync(sampler, cancellationToken);
        if (exists && sample.Groups.All(group => group.Group.Value != name))
        {
            sample = await sampler.SampleAsync(cancellationToken);
        }

        return exists && sample.Groups.FirstOrDefault(group => group.Group.Value == name) is { } found
            ? TypedResults.Ok(StreamEndpoints.View(found with { Pause = pause }, sample))
            : StreamEndpoints.NoSuchGroup(sample);
    }
}

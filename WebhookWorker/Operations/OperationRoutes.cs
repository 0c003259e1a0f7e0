using FanOut.Contracts;
using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.ServiceDefaults.WorkQueues;
using FanOut.WebhookWorker.Deliveries;
using FanOut.WebhookWorker.Endpoints;
using Microsoft.AspNetCore.Mvc;
using Npgsql;

namespace FanOut.WebhookWorker.Operations;

/// <summary>What operators see and do at the endpoints of every account.</summary>
internal static class OperationRoutes
{
    private static readonly string Summarize = EmbeddedSql.Read(typeof(OperationRoutes), "summarize_deliveries.sql");

    public static void MapOperations(this IEndpointRouteBuilder routes)
    {
        var all = routes.MapGroup("").WithTags("Operations");
        all.WithMetadata(new OfEveryAccount(), new RequestSizeLimitAttribute(EndpointRoutes.MaxBody));
        var reads = all.MapGroup(Account.Operations).RequireScope(Scopes.OpsRead);
        var changes = all.MapGroup(Account.Operations).RequireScope(Scopes.OpsWrite);
        reads.MapGet("/webhooks", GetSummaryAsync)
            .WithSummary("Get the state of the queue of deliveries")
            .WithDescription(
                "failed: in the last 24 hours. At most 50,000 of each are counted; of more pending ones, the number is as of the last sweep "
                + "(Webhooks:SweepInterval).")
            .Produces<WorkQueueSummary>();
        reads.MapGet("/endpoints", ListAsync)
            .WithSummary("List the endpoints of all accounts with how their last deliveries went, newest first")
            .Produces<EndpointReportPage>()
            .ProducesValidationProblem();
        reads.MapGet("/endpoints/{id:guid}", FindAsync)
            .WithSummary("Get an endpoint of any account with how its last deliveries went")
            .Produces<EndpointReport>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        MapSwitch("enable", isEnabled: true, "Enable an endpoint; what it missed can be recovered");
        MapSwitch("disable", isEnabled: false, "Disable an endpoint; its events are kept, and not sent");
        EndpointRoutes.MapChanges(changes.MapGroup("/endpoints"));
        DeliveryRoutes.MapDeliveries(reads, changes);
        all.MapGet("/orders/{id:guid}/journey", GetJourneyAsync)
            .RequireScope(Scopes.OpsRead)
            .WithSummary("Get the deliveries of an order's event, the first 200; none where it is unknown")
            .Produces<Journey>();

        void MapSwitch(string verb, bool isEnabled, string summary) => changes.MapPost(
            $"/endpoints/{{id:guid}}/{verb}",
            (Guid id, HttpContext http, EndpointStore store, DispatchSignal signal, CancellationToken token) =>
                SwitchAsync(id, isEnabled, http, store, signal, token))
            .RecordAction($"{verb} endpoint")
            .WithSummary(summary)
            .Produces<WebhookEndpoint>()
            .ProducesProblem(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> GetSummaryAsync(
        NpgsqlDataSource dataSource, WebhookMetrics metrics, TimeProvider time, CancellationToken cancellationToken)
    {
        var queue = await QueueState.ReadAsync(dataSource, Summarize, metrics, cancellationToken);
        return TypedResults.Ok(new WorkQueueSummary(
            time.GetUtcNow(), queue.Pending, queue.Failed, queue.OverdueSeconds, queue.Rate, queue.FailedRate));
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] EndpointQuery query, HttpRequest request, EndpointStore store, CancellationToken cancellationToken)
    {
        var found = await store.ReportAsync(null, query.After, query.Limit + 1, cancellationToken);
        var (items, after, next) = request.Page(found, query.Limit, report => report.Endpoint.Id.ToString());
        return TypedResults.Ok(new EndpointReportPage(items, after, next));
    }

    private static async Task<IResult> FindAsync(Guid id, EndpointStore store, CancellationToken cancellationToken) =>
        (await store.ReportAsync(id, null, 1, cancellationToken)).SingleOrDefault() is { } report
            ? TypedResults.Ok(report)
            : EndpointRoutes.NotFound(id);

    private static async Task<IResult> SwitchAsync(
        Guid id, bool isEnabled, HttpContext http, EndpointStore store, DispatchSignal signal, CancellationToken cancellationToken)
    {
        if (!await store.SwitchAsync(id, isEnabled, $"Disabled by {http.User.Name()}.", cancellationToken)
            || await store.FindAsync(null, id, cancellationToken) is not { } endpoint)
        {
            return EndpointRoutes.NotFound(id);
        }

        signal.Raise();
        return TypedResults.Ok(endpoint);
    }

    private static async Task<IResult> GetJourneyAsync(Guid id, OrderJourney journey, CancellationToken cancellationToken) =>
        TypedResults.Ok(await journey.ReadAsync(id, cancellationToken));
}

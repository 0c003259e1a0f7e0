using System.Globalization;
using FanOut.Contracts.Webhooks;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;
using FanOut.ServiceDefaults.WorkQueues;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;

namespace FanOut.WebhookWorker.Endpoints;

internal static class EndpointRoutes
{
    public const long MaxBody = 64 * 1024;

    private const string TestEventType = "endpoint.test";
    private static readonly TimeSpan RetryTestAfter = TimeSpan.FromMinutes(1);

    public static void MapEndpoints(this IEndpointRouteBuilder routes)
    {
        var endpoints = routes.MapGroup("/endpoints").WithTags("Endpoints").RequireScope(Scopes.Webhooks);
        endpoints.WithMetadata(new RequestSizeLimitAttribute(MaxBody));
        endpoints.MapPost("", CreateAsync)
            .RecordAction("create endpoint")
            .WithSummary("Create an endpoint; the answer is the only one that shows its secret")
            .Produces<WebhookEndpoint>(StatusCodes.Status201Created)
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status409Conflict);
        endpoints.MapGet("", ListAsync).WithSummary("List endpoints, newest first").Produces<EndpointPage>().ProducesValidationProblem();
        endpoints.MapGet("{id:guid}", FindAsync)
            .WithName("endpoint")
            .WithSummary("Get an endpoint")
            .Produces<WebhookEndpoint>()
            .ProducesProblem(StatusCodes.Status404NotFound);
        endpoints.MapPut("{id:guid}", PutAsync)
            .RecordAction("change endpoint")
            .WithSummary("Change an endpoint")
            .Produces<WebhookEndpoint>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
        endpoints.MapDelete("{id:guid}", DeleteAsync)
            .RecordAction("delete endpoint")
            .WithSummary("Delete an endpoint")
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound);
        endpoints.MapPost("{id:guid}/verify", VerifyAsync)
            .RecordAction("verify endpoint")
            .WithSummary("Ask the receiver again to confirm that it wants events")
            .WithDescription(
                "POSTs an event of type endpoint.verification, signed like all. The receiver answers 200 within 10 s, with the text of "
                + "data.challenge as the whole body, or with JSON: { \"challenge\": \"...\" }.")
            .Produces<WebhookEndpoint>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        MapChanges(endpoints);
    }

    /// <summary>Maps the changes that accounts and operators make.</summary>
    public static void MapChanges(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapPost("{id:guid}/secret", RotateAsync)
            .RecordAction("rotate endpoint secret")
            .WithSummary("Change an endpoint's secret; for a while both are used")
            .Produces<RotatedSecret>()
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound);
        endpoints.MapPost("{id:guid}/test", TestAsync)
            .RecordAction("test endpoint")
            .WithSummary("Send a test event to an endpoint, and get its answer")
            .WithDescription(
                "POSTs an event of type endpoint.test once, signed like all. It is no delivery: nothing is retried, and the endpoint's health is not "
                + "changed. The endpoint may be disabled.")
            .Produces<EndpointTest>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict)
            .ProducesProblem(StatusCodes.Status429TooManyRequests);
        endpoints.MapPost("{id:guid}/recover", RecoverAsync)
            .RecordAction("recover endpoint")
            .WithSummary("Send again what failed, or was recorded while the endpoint was disabled")
            .Produces<RecoveredDeliveries>(StatusCodes.Status202Accepted)
            .ProducesValidationProblem()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .ProducesProblem(StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> CreateAsync(
        CreateEndpoint endpoint,
        HttpContext http,
        AddressPolicy addresses,
        EndpointStore store,
        UrlVerification verification,
        IOptions<WebhookOptions> options,
        CancellationToken cancellationToken)
    {
        if (await addresses.ProblemOfAsync(endpoint.Url, cancellationToken) is { } problem)
        {
            return RequestErrors.Refuse("url", problem);
        }

        var (owner, id) = (http.User.Owner(), Guid.CreateVersion7());
        await http.RecordTargetAsync($"{id}", cancellationToken);
        var secret = endpoint.Secret is null ? WebhookSecret.Generate() : WebhookSecret.Parse(endpoint.Secret);
        if (await store.InsertAsync(owner, id, endpoint, secret, cancellationToken) is { } limit)
        {
            return TypedResults.Problem(
                $"The limit {WebhookOptions.SectionName}:{limit} is reached. Delete an endpoint first.", statusCode: StatusCodes.Status409Conflict);
        }

        if (options.Value.RequireVerification)
        {
            await verification.VerifyAsync(owner, id, cancellationToken);
        }

        return await store.FindAsync(owner, id, cancellationToken) is { } created
            ? TypedResults.CreatedAtRoute(created with { Secret = WebhookSecret.Format(secret) }, "endpoint", new { id })
            : NotFound(id);
    }

    private static async Task<IResult> ListAsync(
        [AsParameters] EndpointQuery query, HttpRequest request, EndpointStore store, CancellationToken cancellationToken)
    {
        var found = await store.ListAsync(request.HttpContext.User.Owner(), query.After, query.Limit + 1, cancellationToken);
        var (items, after, next) = request.Page(found, query.Limit, endpoint => endpoint.Id.ToString());
        return TypedResults.Ok(new EndpointPage(items, after, next));
    }

    private static async Task<IResult> FindAsync(Guid id, HttpContext http, EndpointStore store, CancellationToken cancellationToken)
        => await store.FindAsync(http.User.Owner(), id, cancellationToken) is { } endpoint ? TypedResults.Ok(endpoint) : NotFound(id);

    private static async Task<IResult> PutAsync(
        Guid id,
        PutEndpoint endpoint,
        HttpContext http,
        AddressPolicy addresses,
        EndpointStore store,
        UrlVerification verification,
        IOptions<WebhookOptions> options,
        CancellationToken cancellationToken)
    {
        if (await addresses.ProblemOfAsync(endpoint.Url, cancellationToken) is { } problem)
        {
            return RequestErrors.Refuse("url", problem);
        }

        var owner = http.User.Owner();
        if (await store.UpdateAsync(owner, id, endpoint, cancellationToken) is true && options.Value.RequireVerification)
        {
            await verification.VerifyAsync(owner, id, cancellationToken);
        }

        return await store.FindAsync(owner, id, cancellationToken) is { } changed ? TypedResults.Ok(changed) : NotFound(id);
    }

    private static async Task<IResult> DeleteAsync(Guid id, HttpContext http, EndpointStore store, CancellationToken cancellationToken)
        => await store.DeleteAsync(http.User.Owner(), id, cancellationToken) ? TypedResults.NoContent() : NotFound(id);

    private static async Task<IResult> RotateAsync(
        Guid id, RotateSecret? rotation, HttpContext http, EndpointStore store, CancellationToken cancellationToken)
    {
        var secret = rotation?.Secret is { } given ? WebhookSecret.Parse(given) : WebhookSecret.Generate();
        return await store.RotateAsync(Account.Of(http), id, secret, cancellationToken) is { } until
            ? TypedResults.Ok(new RotatedSecret(WebhookSecret.Format(secret), until))
            : NotFound(id);
    }

    private static async Task<IResult> VerifyAsync(
        Guid id, HttpContext http, EndpointStore store, UrlVerification verification, CancellationToken cancellationToken) =>
        await verification.VerifyAsync(http.User.Owner(), id, cancellationToken) switch
        {
            null => NotFound(id),
            "" => await FindAsync(id, http, store, cancellationToken),
            var error => TypedResults.Problem(
                error, title: "The receiver did not confirm that it wants events.", statusCode: StatusCodes.Status422UnprocessableEntity),
        };

    private static async Task<IResult> RecoverAsync(
        Guid id,
        RecoverEndpoint recovery,
        HttpContext http,
        EndpointStore store,
        DispatchSignal signal,
        CancellationToken cancellationToken)
    {
        if (await store.FindAsync(Account.Of(http), id, cancellationToken) is not { } endpoint)
        {
            return NotFound(id);
        }

        if (!endpoint.Enabled)
        {
            return TypedResults.Problem("The endpoint is disabled. Enable it first.", statusCode: StatusCodes.Status409Conflict);
        }

        await http.RecordTargetAsync($"since={recovery.Since:O}", cancellationToken);
        var recovered = await store.RecoverAsync(id, recovery.Since, cancellationToken);
        signal.Raise();
        return TypedResults.Accepted(Account.Address(http, $"/deliveries?endpoint={id}"), new RecoveredDeliveries(recovered));
    }

    private static async Task<IResult> TestAsync(
        Guid id, HttpContext http, EndpointStore store, ReceiverProbe probe, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await store.FindChallengedAsync(Account.Of(http), id, cancellationToken) is not { } endpoint)
        {
            return NotFound(id);
        }

        if (endpoint.AwaitsVerification)
        {
            return TypedResults.Problem(
                "The receiver has not confirmed that it wants events. Ask it first, with POST /endpoints/{id}/verify.",
                title: "The endpoint is not verified.",
                statusCode: StatusCodes.Status409Conflict);
        }

        if (!probe.IsAllowed(http.User.Owner()))
        {
            http.Response.Headers.RetryAfter = RetryTestAfter.TotalSeconds.ToString(CultureInfo.InvariantCulture);
            return TypedResults.Problem(
                "The account has had too many events sent to receivers. Test again in a minute.", statusCode: StatusCodes.Status429TooManyRequests);
        }

        var began = time.GetTimestamp();
        var answer = await probe.SendAsync(id, endpoint, TestEventType, ("endpoint", id.ToString()), read: null, cancellationToken);
        return TypedResults.Ok(new EndpointTest(
            answer.IsSuccess, (int?)answer.Status, answer.IsUnsent ? 0 : time.GetElapsedTime(began).TotalSeconds, answer.Error));
    }

    internal static ProblemHttpResult NotFound(Guid id) =>
        TypedResults.Problem($"There is no endpoint {id}.", statusCode: StatusCodes.Status404NotFound);
}

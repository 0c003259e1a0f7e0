using FanOut.Contracts.Webhooks;
using Microsoft.AspNetCore.Http.HttpResults;

namespace FanOut.WebhookWorker.Endpoints;

internal static class EndpointRoutes
{
    private const int MostPerPage = 200;

    public static void MapEndpoints(this IEndpointRouteBuilder routes)
    {
        var endpoints = routes.MapGroup("/endpoints").WithTags("Endpoints");
        endpoints.MapPost("", CreateAsync);
        endpoints.MapGet("", ListAsync);
        endpoints.MapGet("{id:guid}", FindAsync).WithName("endpoint");
        endpoints.MapPut("{id:guid}", PutAsync);
        endpoints.MapDelete("{id:guid}", DeleteAsync);
        endpoints.MapPost("{id:guid}/secret", RotateAsync);
    }

    private static async Task<IResult> CreateAsync(HttpRequest request, EndpointReader reader, EndpointStore store, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        if (await reader.ReadEndpointAsync(request, creating: true, errors, cancellationToken) is not { } input)
        {
            return errors.ToProblem();
        }

        var id = Guid.CreateVersion7();
        var secret = input.Secret ?? WebhookSecret.Draw();
        if (!await store.InsertAsync(id, input, secret, cancellationToken))
        {
            return TypedResults.Problem("There are as many endpoints as Webhooks:MaxEndpoints allows: delete one first.", statusCode: StatusCodes.Status409Conflict);
        }

        return await store.FindAsync(id, cancellationToken) is { } created
            ? TypedResults.CreatedAtRoute(created with { Secret = WebhookSecret.Format(secret) }, "endpoint", new { id })
            : TypedResults.Problem(statusCode: StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpRequest request, EndpointStore store, CancellationToken cancellationToken)
    {
        var query = new QueryReader(request.Query, ["limit", "after"]);
        var limit = query.Limit(MostPerPage);
        var after = query.Guid("after");
        if (query.Errors.Any)
        {
            return query.Errors.ToProblem();
        }

        var endpoints = await store.ListAsync(after, limit + 1, cancellationToken);
        if (endpoints.Count <= limit)
        {
            return TypedResults.Ok(new EndpointPage(endpoints));
        }

        endpoints.RemoveAt(limit);
        var cursor = endpoints[^1].Id.ToString();
        return TypedResults.Ok(new EndpointPage(endpoints, cursor, query.Next("/endpoints", cursor)));
    }

    private static async Task<IResult> FindAsync(Guid id, EndpointStore store, CancellationToken cancellationToken)
        => await store.FindAsync(id, cancellationToken) is { } endpoint ? TypedResults.Ok(endpoint) : NotFound(id);

    private static async Task<IResult> PutAsync(Guid id, HttpRequest request, EndpointReader reader, EndpointStore store, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        if (await reader.ReadEndpointAsync(request, creating: false, errors, cancellationToken) is not { } input)
        {
            return errors.ToProblem();
        }

        return await store.UpdateAsync(id, input, cancellationToken) && await store.FindAsync(id, cancellationToken) is { } endpoint ? TypedResults.Ok(endpoint) : NotFound(id);
    }

    private static async Task<IResult> DeleteAsync(Guid id, EndpointStore store, CancellationToken cancellationToken)
        => await store.DeleteAsync(id, cancellationToken) ? TypedResults.NoContent() : NotFound(id);

    private static async Task<IResult> RotateAsync(Guid id, HttpRequest request, EndpointStore store, CancellationToken cancellationToken)
    {
        var errors = new FieldErrors();
        var secret = await EndpointReader.ReadRotationAsync(request, errors, cancellationToken) ?? WebhookSecret.Draw();
        if (errors.Any)
        {
            return errors.ToProblem();
        }

        return await store.RotateAsync(id, secret, cancellationToken) is { } until ? TypedResults.Ok(new RotatedSecret(WebhookSecret.Format(secret), until)) : NotFound(id);
    }

    private static ProblemHttpResult NotFound(Guid id) => TypedResults.Problem($"There is no endpoint {id}.", statusCode: StatusCodes.Status404NotFound);
}

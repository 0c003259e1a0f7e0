using System.Globalization;
using FanOut.Contracts;
using FanOut.Contracts.Operations;
using FanOut.ServiceDefaults.Access;
using FanOut.ServiceDefaults.Requests;

namespace FanOut.Reclaimer.Actions;

internal static class ActionEndpoints
{
    public static void MapActions(this IEndpointRouteBuilder routes) => routes.MapGet("/actions", ListAsync)
        .RequireScope(Scopes.OpsRead)
        .WithTags("Actions")
        .WithName("ListActions")
        .WithSummary("List what callers of all services changed, newest first")
        .WithDescription("limit: 1 to 200 per page (default 50). after: the cursor of the previous page. Orders that were placed are not in it.")
        .Produces<ActionPage>()
        .ProducesValidationProblem();

    private static async Task<IResult> ListAsync(
        [AsParameters] ActionQuery query, HttpRequest request, ActionLog log, CancellationToken cancellationToken)
    {
        var found = await log.ListAsync(CursorAttribute.Parse(query.After), query.Limit + 1, cancellationToken);
        var (items, after, next) = request.Page(found, query.Limit, action => action.Id.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new ActionPage(items, after, next));
    }
}

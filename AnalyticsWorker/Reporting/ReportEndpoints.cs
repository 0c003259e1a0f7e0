using FanOut.Contracts;
using FanOut.ServiceDefaults.Access;

namespace FanOut.AnalyticsWorker.Reporting;

internal static class ReportEndpoints
{
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        var reports = routes.MapGroup("/analytics").WithTags("Reports").RequireScope(Scopes.Analytics);
        reports.MapGet("/revenue", RevenueAsync)
            .WithSummary("Get orders and revenue by day and currency")
            .Produces<RevenueReport>()
            .ProducesValidationProblem();
        reports.MapGet("/top-products", TopProductsAsync)
            .WithSummary("Get the best-selling products")
            .Produces<TopProducts>()
            .ProducesValidationProblem();
        routes.MapGet("/orders/{id:guid}/journey", GetJourneyAsync)
            .RequireScope(Scopes.OpsRead)
            .WithTags("Orders")
            .WithSummary("Get when an order was added to the reports; nothing where it took more than ten minutes or is unknown")
            .Produces<Journey>();
    }

    private static async Task<IResult> GetJourneyAsync(Guid id, OrderEffects effects, CancellationToken cancellationToken) =>
        TypedResults.Ok(await effects.FindJourneyAsync(id, cancellationToken));

    private static async Task<IResult> RevenueAsync(
        [AsParameters] RevenueQuery query, Reports reports, TimeProvider time, CancellationToken cancellationToken)
    {
        var period = Period.Of(query, time);
        return period.Problem ?? TypedResults.Ok(await reports.RevenueAsync(period, query.Currency, cancellationToken));
    }

    private static async Task<IResult> TopProductsAsync(
        [AsParameters] TopProductsQuery query, Reports reports, TimeProvider time, CancellationToken cancellationToken)
    {
        var period = Period.Of(query, time);
        return period.Problem ?? TypedResults.Ok(await reports.TopProductsAsync(period, query, cancellationToken));
    }
}

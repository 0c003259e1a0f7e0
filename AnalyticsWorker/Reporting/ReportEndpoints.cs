namespace FanOut.AnalyticsWorker.Reporting;

internal static class ReportEndpoints
{
    public static void MapReports(this IEndpointRouteBuilder routes)
    {
        var reports = routes.MapGroup("/analytics");
        reports.MapGet("/revenue", RevenueAsync);
        reports.MapGet("/top-products", TopProductsAsync);
    }

    private static async Task<IResult> RevenueAsync(
        string? from, string? to, string? currency, Reports reports, TimeProvider time, CancellationToken cancellationToken)
    {
        var query = new ReportQuery(Today(time)).InPeriod(from, to).InCurrency(currency);
        return query.Problem ?? TypedResults.Ok(await reports.RevenueAsync(query, cancellationToken));
    }

    private static async Task<IResult> TopProductsAsync(
        string? from, string? to, string? currency, string? by, string? limit, Reports reports, TimeProvider time, CancellationToken cancellationToken)
    {
        var query = new ReportQuery(Today(time)).InPeriod(from, to).InCurrency(currency).Ranked(by, limit);
        return query.Problem ?? TypedResults.Ok(await reports.TopProductsAsync(query, cancellationToken));
    }

    private static DateOnly Today(TimeProvider time) => DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
}

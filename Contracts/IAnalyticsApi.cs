using Refit;

namespace FanOut.Contracts;

public interface IAnalyticsApi
{
    [Get("/analytics/revenue")]
    Task<RevenueReport> GetRevenueAsync(
        [Query(Format = "yyyy-MM-dd")] DateOnly? from = null,
        [Query(Format = "yyyy-MM-dd")] DateOnly? to = null,
        string? currency = null,
        CancellationToken cancellationToken = default);

    [Get("/analytics/top-products")]
    Task<TopProducts> GetTopProductsAsync(
        [Query(Format = "yyyy-MM-dd")] DateOnly? from = null,
        [Query(Format = "yyyy-MM-dd")] DateOnly? to = null,
        string? currency = null,
        string? by = null,
        int? limit = null,
        CancellationToken cancellationToken = default);
}

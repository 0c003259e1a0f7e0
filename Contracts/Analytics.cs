using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Validation;
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

    [Get("/orders/{id}/journey")]
    Task<Journey> GetJourneyAsync(Guid id, CancellationToken cancellationToken = default);
}

/// <summary>The period of a report, both days included, and its currency. Default: the last thirty days, all currencies.</summary>
[ValidatableType]
public record RevenueQuery(
    [property: Day] string? From = null,
    [property: Day] string? To = null,
    [property: RegularExpression("^[A-Z]{3}$", ErrorMessage = "must be an ISO 4217 code, like USD")] string? Currency = null);

/// <summary>The same, with what the products are ranked by (default revenue) and how many are returned.</summary>
[ValidatableType]
public sealed record TopProductsQuery(
    string? From = null,
    string? To = null,
    string? Currency = null,
    [property: OneOf("revenue", "quantity")] string? By = null,
    [property: Range(1, 100, ErrorMessage = "must be from {1} to {2}")] int Limit = 10) : RevenueQuery(From, To, Currency);

/// <summary>A row per UTC day of <c>placedAt</c> and currency that has orders, by day, then currency; a total per currency.</summary>
public sealed record RevenueReport(DateOnly From, DateOnly To, IReadOnlyList<DailyRevenue> Days, IReadOnlyList<RevenueTotal> Totals);

public sealed record DailyRevenue(DateOnly Day, string Currency, long Orders, decimal Revenue);

public sealed record RevenueTotal(string Currency, long Orders, decimal Revenue);

public sealed record TopProducts(DateOnly From, DateOnly To, IReadOnlyList<ProductRevenue> Products);

/// <summary>The sales of a product. Its revenue is the exact sum of the lines' amounts: unlike an order's total it is not rounded.</summary>
public sealed record ProductRevenue(string Sku, string Name, string Currency, long Quantity, decimal Revenue);

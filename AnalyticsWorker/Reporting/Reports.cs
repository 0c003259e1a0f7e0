using FanOut.Contracts;
using FanOut.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.AnalyticsWorker.Reporting;

internal sealed class Reports(NpgsqlDataSource dataSource)
{
    private static readonly string Revenue = EmbeddedSql.Read(typeof(Reports), "revenue.sql");
    private static readonly string BestSelling = EmbeddedSql.Read(typeof(Reports), "top_products.sql");

    public async Task<RevenueReport> RevenueAsync(Period period, string? currency, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Revenue);
        AddPeriodAndCurrency(command, period, currency);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var days = new List<DailyRevenue>();
        while (await rows.ReadAsync(cancellationToken))
        {
            days.Add(new DailyRevenue(rows.GetFieldValue<DateOnly>(0), rows.GetString(1), rows.GetInt64(2), rows.GetDecimal(3)));
        }

        var totals = days
            .GroupBy(day => day.Currency, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new RevenueTotal(group.Key, group.Sum(day => day.Orders), group.Sum(day => day.Revenue)));
        return new RevenueReport(period.From, period.To, days, [.. totals]);
    }

    public async Task<TopProducts> TopProductsAsync(Period period, TopProductsQuery query, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(BestSelling);
        AddPeriodAndCurrency(command, period, query.Currency);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = query.Limit });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = query.By == "quantity" });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var products = new List<ProductRevenue>();
        while (await rows.ReadAsync(cancellationToken))
        {
            products.Add(new ProductRevenue(rows.GetString(0), rows.GetString(1), rows.GetString(2), rows.GetInt64(3), rows.GetDecimal(4)));
        }

        return new TopProducts(period.From, period.To, products);
    }

    private static void AddPeriodAndCurrency(NpgsqlCommand command, Period period, string? currency)
    {
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = period.From });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = period.To });
        command.Parameters.Add(new NpgsqlParameter(null, NpgsqlDbType.Text) { Value = string.IsNullOrEmpty(currency) ? DBNull.Value : currency });
    }
}

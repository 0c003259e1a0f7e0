using FanOut.Contracts;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.AnalyticsWorker.Reporting;

internal sealed class Reports(NpgsqlDataSource dataSource)
{
    private static readonly string Revenue = EmbeddedSql.Read("Reporting.revenue.sql");
    private static readonly string BestSelling = EmbeddedSql.Read("Reporting.top_products.sql");

    public async Task<RevenueReport> RevenueAsync(ReportQuery query, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Revenue);
        AddPeriodAndCurrency(command, query);
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
        return new RevenueReport(query.From, query.To, days, [.. totals]);
    }

    public async Task<TopProducts> TopProductsAsync(ReportQuery query, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(BestSelling);
        AddPeriodAndCurrency(command, query);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = query.Limit });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = query.ByQuantity });
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var products = new List<ProductRevenue>();
        while (await rows.ReadAsync(cancellationToken))
        {
            products.Add(new ProductRevenue(rows.GetString(0), rows.GetString(1), rows.GetString(2), rows.GetInt64(3), rows.GetDecimal(4)));
        }

        return new TopProducts(query.From, query.To, products);
    }

    private static void AddPeriodAndCurrency(NpgsqlCommand command, ReportQuery query)
    {
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = query.From });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = query.To });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)query.Currency ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text });
    }
}

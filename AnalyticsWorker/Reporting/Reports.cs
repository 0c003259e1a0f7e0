using System.Globalization;
using FanOut.Contracts;
using FanOut.ServiceDefaults;
using Npgsql;
using NpgsqlTypes;

namespace FanOut.AnalyticsWorker.Reporting;

internal sealed class Reports(NpgsqlDataSource dataSource)
{
    private static readonly string Revenue = EmbeddedSql.Read(typeof(Reports), "revenue.sql");
    private static readonly string BestSelling = EmbeddedSql.Read(typeof(Reports), "top_products.sql");

    public async Task<RevenueReport> RevenueAsync(Period period, string? inCurrency, CancellationToken cancellationToken)
    {
        await using var command = dataSource.CreateCommand(Revenue);
        AddPeriodAndCurrency(command, period, inCurrency);
        await using var rows = await command.ExecuteReaderAsync(cancellationToken);
        var (days, totals) = (new List<DailyRevenue>(), new List<RevenueTotal>());
        while (await rows.ReadAsync(cancellationToken))
        {
            var (currency, orders, revenue) = (rows.GetString(1), rows.GetInt64(2), Amount(rows.GetString(3)));
            if (await rows.IsDBNullAsync(0, cancellationToken))
            {
                totals.Add(new RevenueTotal(currency, orders, revenue));
            }
            else
            {
                days.Add(new DailyRevenue(rows.GetFieldValue<DateOnly>(0), currency, orders, revenue));
            }
        }

        return new RevenueReport(period.From, period.To, days, totals);
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
            products.Add(new ProductRevenue(rows.GetString(0), rows.GetString(1), rows.GetString(2), rows.GetInt64(3), Amount(rows.GetString(4))));
        }

        return new TopProducts(period.From, period.To, products);
    }

    /// <summary>Rounded to the digits that a decimal has, and to the largest decimal: Postgres sums exactly, whatever is in its tables.</summary>
    private static decimal Amount(string sum) => decimal.TryParse(sum, NumberStyles.Float, CultureInfo.InvariantCulture, out var amount) ? amount
        : sum.StartsWith('-') ? decimal.MinValue
        : decimal.MaxValue;

    private static void AddPeriodAndCurrency(NpgsqlCommand command, Period period, string? currency)
    {
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = period.From });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = period.To });
        command.Parameters.Add(new NpgsqlParameter(null, NpgsqlDbType.Text) { Value = string.IsNullOrEmpty(currency) ? DBNull.Value : currency });
    }
}

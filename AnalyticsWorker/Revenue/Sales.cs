using System.Runtime.InteropServices;
using FanOut.Contracts;
using FanOut.ServiceDefaults;
using Npgsql;

namespace FanOut.AnalyticsWorker.Revenue;

/// <summary>Sums up a batch of orders, so that it writes one row per counter, not per order.</summary>
internal sealed class Sales
{
    private static readonly string AddSales = EmbeddedSql.Read(typeof(Sales), "add_sales.sql");

    private readonly List<(Guid EventId, string Subject)> _events = [];
    private readonly Dictionary<DayAndCurrency, (long Orders, decimal Revenue)> _days = [];
    private readonly Dictionary<ProductOfDay, (string Name, long Quantity, decimal Revenue)> _products = [];

    public void Add(Guid eventId, string subject, OrderPlaced order)
    {
        _events.Add((eventId, subject));
        var day = new DayAndCurrency(DateOnly.FromDateTime(order.PlacedAt.UtcDateTime), order.Currency);
        ref var total = ref CollectionsMarshal.GetValueRefOrAddDefault(_days, day, out _);
        total = (total.Orders + 1, total.Revenue + order.Total);
        foreach (var line in order.Lines)
        {
            ref var product = ref CollectionsMarshal.GetValueRefOrAddDefault(_products, new ProductOfDay(day, line.Sku), out _);
            product = (line.Name, product.Quantity + line.Quantity, product.Revenue + line.Amount);
        }
    }

    public async Task WriteAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var days = _days.OrderBy(day => day.Key).ToArray();
        var products = _products.OrderBy(product => product.Key).ToArray();
        await using var command = new NpgsqlCommand(AddSales, connection)
        {
            Parameters =
            {
                Column(_events, it => it.EventId),
                Column(_events, it => it.Subject),
                Column(days, day => day.Key.Day),
                Column(days, day => day.Key.Currency),
                Column(days, day => day.Value.Orders),
                Column(days, day => day.Value.Revenue),
                Column(products, product => product.Key.Of.Day),
                Column(products, product => product.Key.Of.Currency),
                Column(products, product => product.Key.Sku),
                Column(products, product => product.Value.Name),
                Column(products, product => product.Value.Quantity),
                Column(products, product => product.Value.Revenue),
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<TValue[]> Column<TRow, TValue>(IEnumerable<TRow> rows, Func<TRow, TValue> value) => new() { TypedValue = [.. rows.Select(value)] };
}

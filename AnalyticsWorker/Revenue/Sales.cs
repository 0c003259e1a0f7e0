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
    private readonly Dictionary<(DateOnly Day, string Currency), (long Orders, decimal Revenue)> _days = [];
    private readonly Dictionary<(DateOnly Day, string Currency, string Sku), (string Name, long Quantity, decimal Revenue)> _products = [];

    public void Add(Guid eventId, string subject, OrderPlaced order)
    {
        _events.Add((eventId, subject));
        var day = DateOnly.FromDateTime(order.PlacedAt.UtcDateTime);
        ref var total = ref CollectionsMarshal.GetValueRefOrAddDefault(_days, (day, order.Currency), out _);
        total = (total.Orders + 1, total.Revenue + order.Total);
        foreach (var line in order.Lines)
        {
            ref var product = ref CollectionsMarshal.GetValueRefOrAddDefault(_products, (day, order.Currency, line.Sku), out _);
            product = (line.Name, product.Quantity + line.Quantity, product.Revenue + line.Amount);
        }
    }

    public async Task WriteAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        // Always in the same order, so that two batches do not deadlock.
        var days = _days.OrderBy(day => day.Key.Day).ThenBy(day => day.Key.Currency, StringComparer.Ordinal).ToArray();
        var products = _products.OrderBy(product => product.Key.Day)
            .ThenBy(product => product.Key.Currency, StringComparer.Ordinal)
            .ThenBy(product => product.Key.Sku, StringComparer.Ordinal)
            .ToArray();
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
                Column(products, product => product.Key.Day),
                Column(products, product => product.Key.Currency),
                Column(products, product => product.Key.Sku),
                Column(products, product => product.Value.Name),
                Column(products, product => product.Value.Quantity),
                Column(products, product => product.Value.Revenue),
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter<TValue[]> Column<TRow, TValue>(IEnumerable<TRow> rows, Func<TRow, TValue> value) =>
        new() { TypedValue = [.. rows.Select(value)] };
}

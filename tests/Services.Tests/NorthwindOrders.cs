using System.Text.Json;
using FanOut.Contracts;

namespace FanOut.Services.Tests;

/// <summary>The 830 orders of the Northwind sample, which lie beside the repository (<c>../shared/data</c>), not in it.</summary>
internal static class NorthwindOrders
{
    public const decimal Total = 1265793.06m;

    private const string File = "shared/data/northwind-orders.jsonl";

    public static IReadOnlyList<PlaceOrder> Read() => [.. System.IO.File.ReadLines(Path()).Select(Parse)];

    private static PlaceOrder Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        var order = document.RootElement;
        var customer = order.GetProperty("customer");
        var id = customer.GetProperty("id").GetString()!;
        return new PlaceOrder(
            new Customer(id, customer.GetProperty("name").GetString()!, $"{id}@example.com"),
            order.GetProperty("currency").GetString()!,
            [.. order.GetProperty("lines").EnumerateArray().Select(line => new PlaceOrderLine(
                line.GetProperty("sku").GetString()!,
                line.GetProperty("name").GetString()!,
                line.GetProperty("quantity").GetInt32(),
                line.GetProperty("unitPrice").GetDecimal(),
                line.GetProperty("discount").GetDecimal()))],
            order.GetProperty("number").GetString(),
            new DateTimeOffset(order.GetProperty("orderedOn").GetDateTime(), TimeSpan.Zero));
    }

    private static string Path()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var path = System.IO.Path.Combine(folder.FullName, File);
            if (System.IO.File.Exists(path))
            {
                return path;
            }
        }

        throw new FileNotFoundException($"'{File}' is in no folder above {AppContext.BaseDirectory}: put the folder 'shared' beside the clone.");
    }
}

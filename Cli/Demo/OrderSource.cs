using System.Globalization;
using System.Text.Json;
using FanOut.Contracts;

namespace FanOut.Cli.Demo;

/// <summary>The orders to place: from a file with one JSON object per line, or generated.</summary>
internal static class OrderSource
{
    private static readonly (string Sku, string Name, decimal Price)[] Products =
    [
        ("coffee-250", "Coffee beans, 250 g", 8.90m), ("filter-02", "Paper filters", 3.25m), ("kettle-1l", "Kettle, 1 l", 64.00m),
        ("scale-2kg", "Scale, 2 kg", 39.50m), ("mug-blue", "Mug, blue", 12.00m), ("grinder-h", "Hand grinder", 99.95m),
        ("tea-green", "Green tea, 100 g", 6.40m), ("spoon-set", "Spoons, set of 6", 14.75m),
    ];

    private static readonly string[] Currencies = ["USD", "EUR", "GBP", "JPY"];

    public static List<PlaceOrder> FromFile(string path)
    {
        var orders = new List<PlaceOrder>();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                orders.Add(FromLine(line, path, number));
            }
        }

        return orders;
    }

    /// <summary>The orders of each run are new: their numbers contain the start time.</summary>
    public static IEnumerable<PlaceOrder> Generate(int count, DateTimeOffset begun)
    {
        var random = new Random(count);
        var run = begun.ToString("yyyyMMddHHmmssfff", CultureInfo.InvariantCulture);
        for (var i = 1; i <= count; i++)
        {
            var number = string.Create(CultureInfo.InvariantCulture, $"demo-{run}-{i}");
            var customer = string.Create(CultureInfo.InvariantCulture, $"C{random.Next(1, 500):000}");
            var currency = Currencies[random.Next(Currencies.Length)];
            var lines = new PlaceOrderLine[random.Next(1, 5)];
            for (var line = 0; line < lines.Length; line++)
            {
                var product = Products[random.Next(Products.Length)];
                lines[line] = new PlaceOrderLine(product.Sku, product.Name, random.Next(1, 6), product.Price, random.Next(10) == 0 ? 0.05m : 0m);
            }

            yield return new PlaceOrder(new Customer(customer, $"Customer {customer}", $"{customer}@example.com"), currency, lines, number);
        }
    }

    private static PlaceOrder FromLine(string line, string path, int number)
    {
        try
        {
            var order = JsonSerializer.Deserialize(line, DemoJson.Default.FileOrder) ?? throw new JsonException("The line is null.");
            return new PlaceOrder(
                new Customer(order.Customer.Id, order.Customer.Name, $"{order.Customer.Id}@example.com"),
                order.Currency,
                order.Lines,
                order.Number,
                new DateTimeOffset(order.OrderedOn, TimeOnly.MinValue, TimeSpan.Zero));
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path}, line {number}: {exception.Message}", exception);
        }
    }
}

using FanOut.Contracts;

namespace FanOut.StreamConsole.Clients;

/// <summary>A made-up order.</summary>
internal static class GeneratedOrder
{
    private const int MaxLines = 3;
    private const int MaxQuantity = 5;

    private static readonly (string Sku, string Name, decimal Price)[] Products =
    [
        ("coffee-250", "Coffee beans, 250 g", 8.90m), ("filter-02", "Paper filters", 3.25m), ("kettle-1l", "Kettle, 1 l", 64.00m),
        ("tea-green", "Green tea, 100 g", 6.40m), ("mug-blue", "Mug, blue", 12.50m),
    ];

    private static readonly string[] FirstNames = ["Ada", "Grace", "Edsger", "Barbara", "Tony", "Leslie", "Frances", "Niklaus"];

    public static PlaceOrder Create()
    {
        var name = Random.Shared.GetItems(FirstNames, 1)[0];
        var products = Products.ToArray();
        Random.Shared.Shuffle(products);
        return new(
            new Customer($"try-{name.ToLowerInvariant()}", $"{name} Example", $"{name.ToLowerInvariant()}@example.com"),
            "EUR",
            [.. products.Take(Random.Shared.Next(1, MaxLines + 1)).Select(product =>
                new PlaceOrderLine(product.Sku, product.Name, Random.Shared.Next(1, MaxQuantity + 1), product.Price))]);
    }
}

using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.AppHost;

internal static class DemoOrders
{
    private static readonly (string Sku, string Name, decimal Price)[] Products =
    [
        ("coffee-250", "Coffee beans, 250 g", 8.90m), ("filter-02", "Paper filters", 3.25m),
        ("kettle-1l", "Kettle, 1 l", 64.00m), ("tea-green", "Green tea, 100 g", 6.40m),
    ];

    /// <summary>Adds a command to the order API that places made-up orders.</summary>
    public static IResourceBuilder<ProjectResource> WithDemoOrdersCommand(this IResourceBuilder<ProjectResource> orderApi, int count) =>
        orderApi.WithHttpCommand(
            "/orders/batch",
            string.Create(CultureInfo.InvariantCulture, $"Place {count} demo orders"),
            commandName: "place-demo-orders",
            commandOptions: new()
            {
                Description = "Places made-up orders. Each takes effect exactly once in every consumer group.",
                IconName = "Cart",
                IconVariant = IconVariant.Filled,
                IsHighlighted = true,
                PrepareRequest = async context =>
                {
                    var orders = new JsonArray([.. Enumerable.Range(0, count).Select(Order)]);
                    context.Request.Content = JsonContent.Create(new JsonObject { ["orders"] = orders });
                    await context.Services.GetRequiredService<DevelopmentKey>().AuthorizeAsync(context.Request, context.CancellationToken);
                },
            });

    private static JsonNode Order(int index)
    {
        var (sku, name, price) = Products[index % Products.Length];
        var quantity = 1 + (index % 5);
        var customer = string.Create(CultureInfo.InvariantCulture, $"C{index:000}");
        return new JsonObject
        {
            ["customer"] = new JsonObject { ["id"] = customer, ["name"] = $"Customer {customer}", ["email"] = $"{customer}@example.com" },
            ["currency"] = "USD",
            ["lines"] = new JsonArray(new JsonObject { ["sku"] = sku, ["name"] = name, ["quantity"] = quantity, ["unitPrice"] = price }),
        };
    }
}

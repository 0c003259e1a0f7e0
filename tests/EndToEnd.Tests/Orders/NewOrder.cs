using FanOut.Contracts;

namespace FanOut.EndToEnd.Tests.Orders;

internal static class NewOrder
{
    public static PlaceOrder From(string email = "ada@example.com") => new(
        new Customer("ADA", "Ada Lovelace", email),
        "EUR",
        [new PlaceOrderLine("tea-green", "Green tea, 100 g", 2, 6.40m), new PlaceOrderLine("mug-blue", "Mug, blue", 1, 12.00m, 0.05m)]);
}

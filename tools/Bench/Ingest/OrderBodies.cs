using System.Net.Http.Headers;
using FanOut.Contracts;

namespace FanOut.Bench.Ingest;

/// <summary>Requests to place orders of three lines, made once and sent repeatedly. An order without a number is a new order each time.</summary>
internal sealed class OrderBodies(int ordersPerRequest)
{
    private readonly byte[][] _bodies = [.. Enumerable.Range(0, 64).Select(seed => Body(seed, ordersPerRequest))];
    private int _next;

    public int OrdersPerRequest => ordersPerRequest;

    public HttpRequestMessage Next(bool withIdempotencyKey)
    {
        var content = new ByteArrayContent(_bodies[(int)((uint)Interlocked.Increment(ref _next) % _bodies.Length)]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, ordersPerRequest == 1 ? "/orders" : "/orders/batch") { Content = content };
        if (withIdempotencyKey)
        {
            request.Headers.Add("Idempotency-Key", Guid.NewGuid().ToString());
        }

        return request;
    }

    private static byte[] Body(int seed, int count)
    {
        var orders = Enumerable.Range(seed * count, count).Select(Order).ToArray();
        return count == 1
            ? JsonSerializer.SerializeToUtf8Bytes(orders[0], ContractsJson.Default.PlaceOrder)
            : JsonSerializer.SerializeToUtf8Bytes(new PlaceOrders(orders), ContractsJson.Default.PlaceOrders);
    }

    private static PlaceOrder Order(int number) => new(
        new Customer($"C{number % 5_000:d4}", $"Customer number {number % 5_000:d4} and Sons", $"customer{number % 5_000:d4}@example.com"),
        "USD",
        [.. Enumerable.Range(0, 3).Select(line => Line((number + line) % 200, (number % 9) + 1, 9.95m + line))]);

    private static PlaceOrderLine Line(int sku, int quantity, decimal price) => new($"sku-{sku:d3}", $"Product {sku:d3}", quantity, price, 0.05m);
}

using System.Net.Http.Headers;
using System.Text.Json;
using FanOut.Contracts;

namespace FanOut.Bench.Ingest;

/// <summary>Requests to place orders of three lines, made once and sent again and again: an order without a number is a new one each time.</summary>
internal sealed class OrderBodies(int ordersPerRequest)
{
    private readonly byte[][] _bodies = [.. Enumerable.Range(0, 64).Select(seed => Body(seed, ordersPerRequest))];
    private int _next;

    public int OrdersPerRequest => ordersPerRequest;

    public HttpRequestMessage Next(bool withIdempotencyKey)
    {
        var content = new ByteArrayContent(_bodies[(int)((uint)Interlocked.Increment(ref _next) % _bodies.Length)]);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(ordersPerRequest == 1 ? "/orders" : "/orders/batch", UriKind.Relative)) { Content = content };
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
        [.. Enumerable.Range(0, 3).Select(line => new PlaceOrderLine($"sku-{(number + line) % 200:d3}", $"Product {(number + line) % 200:d3}", (number % 9) + 1, 9.95m + line, 0.05m))]);
}

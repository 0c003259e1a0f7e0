using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using FanOut.Contracts;
using FanOut.OrderApi.Placing;
using Npgsql;
using Refit;
using Xunit;

namespace FanOut.Services.Tests.OrderApi;

/// <summary>An order API with a database of its own.</summary>
public sealed class OrderApiFixture : IAsyncLifetime
{
    private ServiceHost<OrderWriter>? _host;

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public HttpClient Http => Host.Http;

    public NpgsqlDataSource Database => Host.Database.DataSource;

    public IOrderApi Api => RestService.For<IOrderApi>(Http, new RefitSettings(new SystemTextJsonContentSerializer(ContractsJson.Default.Options)));

    private ServiceHost<OrderWriter> Host => _host ?? throw new InvalidOperationException("Not started.");

    /// <summary>An ordinary order. Without a number, a unique one is used.</summary>
    public static JsonObject NewOrder(string? number = null) => new()
    {
        ["customer"] = new JsonObject { ["id"] = "VINET", ["name"] = "Vins et alcools Chevalier", ["email"] = "vinet@example.com" },
        ["currency"] = "USD",
        ["lines"] = new JsonArray(NewLine()),
        ["number"] = number ?? $"N-{Guid.NewGuid():n}",
    };

    public static JsonObject NewLine() =>
        new() { ["sku"] = "42", ["name"] = "Singaporean Hokkien Fried Mee", ["quantity"] = 10, ["unitPrice"] = 9.8m, ["discount"] = 0.15m };

    public static JsonObject Batch(params IEnumerable<JsonObject> orders) => new() { ["orders"] = new JsonArray([.. orders]) };

    public static StringContent Json(string json) => new(json, Encoding.UTF8, new MediaTypeHeaderValue("application/json"));

    public async ValueTask InitializeAsync() =>
        _host = await ServiceHost<OrderWriter>.StartAsync(new Dictionary<string, string> { ["environment"] = "Development" });

    public Task<Answer> PostOrderAsync(JsonNode order, string? idempotencyKey = null) => PostAsync("/orders", order.ToJsonString(), idempotencyKey);

    public Task<Answer> PostBatchAsync(JsonNode batch, string? idempotencyKey = null) =>
        PostAsync("/orders/batch", batch.ToJsonString(), idempotencyKey);

    public Task<Answer> PostAsync(string path, string json, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = Json(json) };
        if (idempotencyKey is not null)
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", idempotencyKey);
        }

        return Answer.ToAsync(Http, request);
    }

    public Task<Answer> GetAsync(string path) => Answer.ToAsync(Http, new HttpRequestMessage(HttpMethod.Get, path));

    public Task<long> CountOrdersAsync(string number) => CountAsync("select count(*) from orders.orders where number = $1", number);

    public Task<long> CountEventsAsync(string orderId) => CountAsync("select count(*) from bus.outbox where subject = $1", orderId);

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    private async Task<long> CountAsync(string sql, string value)
    {
        await using var command = Database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}

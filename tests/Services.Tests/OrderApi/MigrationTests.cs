using System.Net;
using FanOut.OrderApi;
using FanOut.OrderApi.Placing;
using FanOut.TestServers;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;
using EmbeddedSql = FanOut.ServiceDefaults.EmbeddedSql;

namespace FanOut.Services.Tests.OrderApi;

public sealed class MigrationTests
{
    [Fact]
    public async Task Orders_of_the_first_schema_are_kept_by_the_second()
    {
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        var redis = new Dictionary<string, string> { ["ConnectionStrings:redis"] = (await RedisServer.SharedAsync()).NewDatabase() };
        var numbered = NewOrder();
        var unnumbered = NewOrder();
        unnumbered.Remove("number");
        Answer first, second, keyed;
        await using (var before = await ServiceHost<OrderWriter>.StartAsync(redis, database, Cancellation))
        {
            first = await PostAsync(before, numbered.ToJsonString());
            second = await PostAsync(before, unnumbered.ToJsonString());
            keyed = await PostAsync(before, unnumbered.ToJsonString(), "a key");
        }

        await ExecuteAsync(
            $"""
            create temporary table kept as select * from orders.orders;
            create temporary table kept_keys as select * from orders.idempotency_keys;
            drop table orders.orders, orders.idempotency_keys;
            {EmbeddedSql.Read(typeof(OrderService), "Migrations.001_orders.sql")};
            insert into orders.orders
            select
                id, coalesce(number, id::text), coalesce(request_hash, 'old'), customer_id, customer_name, customer_email, currency, total, placed_at,
                convert_from(lines, 'UTF8')::jsonb
            from kept;
            insert into orders.idempotency_keys select * from kept_keys;
            delete from orders.schema_versions where scriptname like '%002%';
            """);

        await using var after = await ServiceHost<OrderWriter>.StartAsync(redis, database, Cancellation);
        foreach (var order in new[] { first, second, keyed })
        {
            Assert.Equal(order.Body, (await Answer.ToAsync(after.Http, new HttpRequestMessage(HttpMethod.Get, order.Location))).Body);
        }

        Assert.Equal(first with { Replayed = true }, await PostAsync(after, numbered.ToJsonString()));
        Assert.Equal(keyed with { Replayed = true }, await PostAsync(after, unnumbered.ToJsonString(), "a key"));
        (await PostAsync(after, NewOrder(second.Id).ToJsonString())).IsProblemOf(HttpStatusCode.UnprocessableEntity, "number");

        async Task ExecuteAsync(string sql)
        {
            await using var command = database.DataSource.CreateCommand(sql);
            Assert.True(await command.ExecuteNonQueryAsync(Cancellation) > 0);
        }
    }

    private static Task<Answer> PostAsync(ServiceHost<OrderWriter> host, string body, string? key = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = Json(body) };
        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return Answer.ToAsync(host.Http, request);
    }
}

using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using FanOut.OrderApi.Placing;
using FanOut.TestServers;
using FanOut.TestServers.Network;
using Xunit;
using static FanOut.Services.Tests.OrderApi.OrderApiFixture;

namespace FanOut.Services.Tests.OrderApi;

public sealed class AvailabilityTests
{
    [Fact]
    public async Task Without_Postgres_orders_are_refused_and_later_placed_once()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var database = await postgres.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var host = await ServiceHost<OrderWriter>.StartAsync(database: database, cancellationToken: Cancellation);
        var body = NewOrder().ToJsonString();
        Task<Answer> PostAsync() => Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = Json(body) });
        var before = await PostAsync();
        Assert.Equal(HttpStatusCode.Created, before.Status);

        await postgres.KillAsync();

        foreach (var answer in await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => PostAsync())))
        {
            answer.IsProblem(HttpStatusCode.ServiceUnavailable);
            Assert.True(int.Parse(answer.RetryAfter!, System.Globalization.CultureInfo.InvariantCulture) > 0);
        }

        (await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, "/orders"))).IsProblem(HttpStatusCode.ServiceUnavailable);

        await postgres.RestartAsync(Cancellation);

        // A session of the pool may still be a dead one.
        var after = await PostAsync();
        for (var attempt = 0; attempt < 100 && after.Status == HttpStatusCode.ServiceUnavailable; attempt++)
        {
            after = await PostAsync();
        }

        Assert.Equal(before with { Replayed = true }, after);
    }

    [Fact]
    public async Task Prepared_statements_outlive_a_column_that_changes_its_type()
    {
        var settings = new Dictionary<string, string> { ["Postgres:MaxAutoPrepare"] = "32" };
        await using var host = await ServiceHost<OrderWriter>.StartAsync(settings, cancellationToken: Cancellation);
        Task<Answer> SendAsync(HttpMethod method, string path, string? body = null) => Answer.ToAsync(
            host.Http, new HttpRequestMessage(method, path) { Content = body is null ? null : Json(body) });
        for (var time = 0; time < 4; time++)
        {
            Assert.Equal(HttpStatusCode.Created, (await SendAsync(HttpMethod.Post, "/orders", NewOrder().ToJsonString())).Status);
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(HttpMethod.Get, "/orders")).Status);
        }

        await using (var change = host.Database.DataSource.CreateCommand("""
            alter table orders.orders add column note text;
            alter table orders.orders alter column currency type varchar(10), alter column customer_name type varchar(400);
            """))
        {
            await change.ExecuteNonQueryAsync(Cancellation);
        }

        var refused = 0;
        var body = NewOrder().ToJsonString();
        for (var time = 0; time < 4; time++)
        {
            foreach (var answer in new[] { await SendAsync(HttpMethod.Get, "/orders"), await SendAsync(HttpMethod.Post, "/orders", body) })
            {
                refused += answer.Status == HttpStatusCode.ServiceUnavailable ? 1 : 0;
                Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Created or HttpStatusCode.ServiceUnavailable, answer.Body);
            }
        }

        Assert.True(refused <= 2, $"{refused} requests were refused.");
    }

    [Fact]
    public async Task After_a_failover_behind_one_address_orders_go_to_the_new_primary()
    {
        await using var primary = await PostgresServer.StartAsync(new() { Password = "secret" }, Cancellation);
        await using var standby = await PostgresStandby.StartAsync(primary, cancellationToken: Cancellation);
        await using var proxy = TcpProxy.Start(primary.Port);
        var address = new Npgsql.NpgsqlConnectionStringBuilder(primary.ConnectionStringFor("postgres")) { Port = proxy.Port };
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string> { ["ConnectionStrings:fanout"] = address.ConnectionString }, cancellationToken: Cancellation);
        Task<Answer> PostAsync(string body) => Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = Json(body) });
        Task<HttpStatusCode> HealthAsync() => StatusAsync(host.Http, "/health");
        var bodies = Enumerable.Range(0, 16).Select(_ => NewOrder().ToJsonString()).ToArray();
        Assert.All(await Task.WhenAll(bodies.Select(PostAsync)), answer => Assert.Equal(HttpStatusCode.Created, answer.Status));
        Assert.Equal(HttpStatusCode.OK, await HealthAsync());
        await standby.CatchUpAsync(Cancellation);

        // The old node stays up, with all sessions of the pool.
        await primary.MakeReadOnlyAsync(Cancellation);
        var meanwhile = await PostAsync(NewOrder().ToJsonString());
        meanwhile.IsProblem(HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(meanwhile.RetryAfter);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await HealthAsync());
        await standby.PromoteAsync(Cancellation);
        proxy.UpstreamPort = standby.Port;

        var body = NewOrder().ToJsonString();
        var answers = new List<Answer> { await PostAsync(body) };
        while (answers[^1].Status == HttpStatusCode.ServiceUnavailable && answers.Count < 100)
        {
            answers.Add(await PostAsync(body));
        }

        Assert.Equal(HttpStatusCode.Created, answers[^1].Status);
        Assert.Equal(HttpStatusCode.OK, await HealthAsync());
        Assert.All(await Task.WhenAll(bodies.Select(PostAsync)), answer => Assert.True(answer.Replayed));
    }

    [Fact]
    public async Task Without_Redis_the_API_is_degraded_and_accepts_orders()
    {
        await using var redis = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        var settings = new Dictionary<string, string> { ["ConnectionStrings:redis"] = redis.ConnectionString };
        await using var host = await ServiceHost<OrderWriter>.StartAsync(settings, cancellationToken: Cancellation);
        await redis.KillAsync();

        using var health = await host.Http.GetAsync(new Uri("/health", UriKind.Relative), Cancellation);
        var report = await health.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        var order = await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = Json(NewOrder().ToJsonString()) });

        Assert.Equal(HttpStatusCode.OK, health.StatusCode);
        Assert.Equal("Degraded", report.GetProperty("status").GetString());
        Assert.Equal("Degraded", report.GetProperty("checks").GetProperty("StackExchange.Redis").GetProperty("status").GetString());
        Assert.Equal("Healthy", report.GetProperty("checks").GetProperty("PostgreSql").GetProperty("status").GetString());
        Assert.Equal(HttpStatusCode.Created, order.Status);
    }

    /// <summary>Two systems on one Redis. Were all replicas taken out of the load balancer, no order could be placed.</summary>
    [Fact]
    public async Task While_the_stream_is_another_system_s_the_API_is_degraded_and_accepts_orders()
    {
        await using var redis = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using (var connection = await redis.ConnectAsync())
        {
            StackExchange.Redis.HashEntry[] state =
            [
                new("outbox", Guid.NewGuid().ToString()), new("generation", 1), new("seq", "other:1"), new("position", 7),
                new("id", Guid.NewGuid().ToString()), new("added", 0),
            ];
            await connection.GetDatabase().HashSetAsync("{orders}:relay", state);
        }

        var settings = new Dictionary<string, string> { ["ConnectionStrings:redis"] = redis.ConnectionString };
        await using var host = await ServiceHost<OrderWriter>.StartAsync(settings, cancellationToken: Cancellation);
        await Eventually.BecomesTrueAsync(
            async () => await host.Http.GetStringAsync(new Uri("/health", UriKind.Relative), Cancellation) is var report
                && report.Contains("The relay writes nothing", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(host.Http, "/health"));
        var order = await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = Json(NewOrder().ToJsonString()) });
        Assert.Equal(HttpStatusCode.Created, order.Status);
    }

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using var response = await http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
        return response.StatusCode;
    }

    [Fact]
    public async Task A_full_outbox_refuses_orders_until_Redis_is_back()
    {
        await using var redis = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string>
            {
                ["ConnectionStrings:redis"] = redis.ConnectionString,
                ["EventBus:Outbox:MaxBacklog"] = "10",
                ["EventBus:Outbox:RetryAfter"] = "00:00:07",
            },
            cancellationToken: Cancellation);
        Task<Answer> PostAsync() =>
            Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Post, "/orders") { Content = Json(NewOrder().ToJsonString()) });
        Assert.Equal(HttpStatusCode.Created, (await PostAsync()).Status);
        await redis.KillAsync();

        var placed = 1;
        Answer? refused = null;
        await Eventually.BecomesTrueAsync(
            async () =>
            {
                var answer = await PostAsync();
                placed += answer.Status == HttpStatusCode.Created ? 1 : 0;
                refused = answer.Status == HttpStatusCode.Created ? null : answer;
                return refused is not null;
            });

        refused!.IsProblem(HttpStatusCode.ServiceUnavailable);
        Assert.Equal("7", refused.RetryAfter);
        const string Count = "select (select count(*) from orders.orders), (select count(*) from bus.outbox)";
        await using (var command = host.Database.DataSource.CreateCommand(Count))
        await using (var rows = await command.ExecuteReaderAsync(Cancellation))
        {
            await rows.ReadAsync(Cancellation);
            Assert.Equal((placed, placed), (rows.GetInt64(0), rows.GetInt64(1)));
        }

        await redis.RestartAsync(Cancellation);
        await Eventually.BecomesTrueAsync(async () => (await PostAsync()).Status == HttpStatusCode.Created);
    }
}

using System.Net.Http.Json;
using System.Text.Json;
using FanOut.AnalyticsWorker.Revenue;
using FanOut.NotificationWorker;
using FanOut.OrderApi.Placing;
using FanOut.Reclaimer;
using FanOut.Services.Tests.Migrator;
using FanOut.Services.Tests.OrderApi;
using FanOut.Services.Tests.WebhookWorker;
using FanOut.TestServers;
using FanOut.WebhookWorker;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>All services together: on an empty database that they migrate at the same time, and behind the migrator.</summary>
public sealed class WholeSystemTests
{
    private const int Orders = 40;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PoolMode.Session)]
    [InlineData(PoolMode.Transaction)]
    public async Task All_services_work_through_PgBouncer_with_its_defaults(PoolMode mode)
    {
        await using var postgres = await PostgresServer.StartAsync(new() { Password = "secret" }, Cancellation);
        await using var database = await postgres.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var bouncer = await PgBouncerServer.StartAsync(postgres, mode, Cancellation);
        var connection = bouncer.ConnectionStringFor(database.Name) + (mode == PoolMode.Session ? ";Maximum Pool Size=3" : "");
        var redis = (await RedisServer.SharedAsync()).NewDatabase();

        await RunAsync(database, _ => (connection, redis));

        await Eventually.BecomesTrueAsync(async () => await CountAsync(database, "pg_locks where locktype = 'advisory'") == 0);
    }

    [Fact]
    public async Task All_services_work_with_roles_and_Redis_users_of_their_own()
    {
        await using var migrated = await MigratedDatabase.CreateAsync();
        await using var redis = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using (var admin = await redis.ConnectAsync())
        {
            foreach (var user in await File.ReadAllLinesAsync(Path.Combine(SourceTree.Root, "deploy", "redis", "users.acl"), Cancellation))
            {
                object[] rules = ["SETUSER", .. user.Split(' ').Skip(1)];
                await admin.GetDatabase().ExecuteAsync("ACL", rules);
            }

            await admin.GetDatabase().ExecuteAsync("ACL", "SETUSER", "default", "off");
        }

        await migrated.MigrateAsync();

        await RunAsync(
            migrated.Database, service => (migrated.ConnectAs(service), $"{redis.ConnectionString},password=PASSWORD,user=fanout-{service}"));
    }

    /// <param name="database">An empty database, or one that the migrator has made.</param>
    /// <param name="connect">How each service, by its name, reaches Postgres and Redis.</param>
    private static async Task RunAsync(PostgresDatabase database, Func<string, (string Postgres, string Redis)> connect)
    {
        var folder = Directory.CreateTempSubdirectory("fanout-mails-");
        await using var receiver = await Receiver.StartAsync();
        var reclaiming = StartAsync<UnavailableFilter>("reclaimer");
        var ordering = StartAsync<OrderWriter>("order-api");
        var another = StartAsync<OrderWriter>("order-api");
        var analysing = StartAsync<RevenueHandler>("analytics-worker");
        var notifying = StartAsync<NotificationOptions>("notification-worker");
        var delivering = StartAsync<WebhookOptions>("webhook-worker");
        await using var reclaimer = await reclaiming;
        await using var orders = await ordering;
        await using var orders2 = await another;
        await using var analytics = await analysing;
        await using var notifications = await notifying;
        await using var webhooks = await delivering;

        var subscription = new { url = receiver.Url, eventTypes = new[] { "order.placed" } };
        using var endpoint = await webhooks.Http.PostAsJsonAsync("/endpoints", subscription, Cancellation);
        endpoint.EnsureSuccessStatusCode();
        await Task.WhenAll(Enumerable.Range(0, Orders).Select(async i =>
        {
            var http = i % 2 == 0 ? orders.Http : orders2.Http;
            using var body = OrderApiFixture.Json(OrderApiFixture.NewOrder().ToJsonString());
            using var placed = await http.PostAsync(new Uri("/orders", UriKind.Relative), body, Cancellation);
            placed.EnsureSuccessStatusCode();
        }));

        await Eventually.BecomesTrueAsync(
            async () => await CountAsync(database, "analytics.effects") == Orders
                && await CountAsync(database, "notifications.emails where state = 'sent'") == Orders
                && await CountAsync(database, "webhooks.deliveries where state = 'delivered'") == Orders);
        Assert.Equal(Orders, folder.GetFiles("*.eml").Length);
        Assert.Equal(Orders, receiver.All.DistinctBy(received => received.Headers["webhook-id"]).Count());

        await AssertAnswersAsync(analytics, "/analytics/revenue", "/analytics/top-products");
        await AssertAnswersAsync(reclaimer, "/streams", "/groups", "/dead-letters", "/kafka-trigger");
        await AssertAnswersAsync(notifications, "/notifications");
        await AssertAnswersAsync(webhooks, "/endpoints", "/deliveries");
        await AssertAnswersAsync(orders, "/orders");
        foreach (var http in new[] { orders.Http, analytics.Http, notifications.Http, webhooks.Http, reclaimer.Http })
        {
            await Eventually.BecomesTrueAsync(
                async () => (await http.GetAsync(new Uri("/health", UriKind.Relative), Cancellation)).IsSuccessStatusCode);
        }

        folder.Delete(recursive: true);

        Task<ServiceHost<T>> StartAsync<T>(string service)
            where T : class
        {
            var (postgres, redis) = connect(service);
            return ServiceHost<T>.StartAsync(
                new Dictionary<string, string>
                {
                    ["ConnectionStrings:fanout"] = postgres,
                    ["ConnectionStrings:redis"] = redis,
                    ["EventBus:Consumer:Lanes"] = "1",
                    ["EventBus:Reclaimer:Interval"] = "00:00:00.1",
                    ["Webhooks:AllowPrivateNetworks"] = "true",
                    ["Webhooks:PollInterval"] = "00:00:00.2",
                    ["Smtp:PickupFolder"] = folder.FullName,
                },
                database,
                Cancellation);
        }
    }

    private static async Task AssertAnswersAsync<T>(ServiceHost<T> host, params string[] paths)
        where T : class
    {
        foreach (var path in paths)
        {
            using var answer = await host.Http.GetAsync(new Uri(path, UriKind.Relative), Cancellation);
            Assert.True(answer.IsSuccessStatusCode, $"{path}: {await answer.Content.ReadAsStringAsync(Cancellation)}");
            Assert.NotEqual(JsonValueKind.Undefined, (await answer.Content.ReadFromJsonAsync<JsonElement>(Cancellation)).ValueKind);
        }
    }

    private static async Task<long> CountAsync(PostgresDatabase database, string rows)
    {
        await using var command = database.DataSource.CreateCommand($"select count(*) from {rows}");
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }
}

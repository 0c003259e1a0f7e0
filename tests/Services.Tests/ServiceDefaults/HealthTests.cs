using System.Diagnostics;
using System.Text.Json;
using FanOut.TestServers;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

public sealed class HealthTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_service_is_healthy_when_Redis_and_Postgres_answer()
    {
        var redis = await RedisServer.SharedAsync();
        var postgres = await PostgresServer.SharedAsync();
        await using var service = await StartAsync(redis.ConnectionString, postgres.ConnectionString);

        var (status, body) = await service.GetAsync("/health");

        Assert.Equal(200, status);
        Assert.Equal("Healthy", body.GetProperty("status").GetString());
        Assert.Equal(["PostgreSql", "StackExchange.Redis", "self"], Names(body));
        Assert.Equal("Healthy", StatusOf(body, "PostgreSql"));
        Assert.Equal("Healthy", StatusOf(body, "StackExchange.Redis"));
    }

    [Fact]
    public async Task Without_Postgres_a_service_is_alive_but_unhealthy()
    {
        var redis = await RedisServer.SharedAsync();
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var service = await StartAsync(redis.ConnectionString, postgres.ConnectionString);
        Assert.Equal(200, (await service.GetAsync("/health")).Status);

        await postgres.KillAsync();

        var (status, body) = await service.GetAsync("/health");
        Assert.Equal(503, status);
        Assert.Equal("Unhealthy", StatusOf(body, "PostgreSql"));
        Assert.Equal("Healthy", StatusOf(body, "StackExchange.Redis"));
        Assert.False(string.IsNullOrEmpty(body.GetProperty("checks").GetProperty("PostgreSql").GetProperty("description").GetString()));
        var alive = await service.GetAsync("/alive");
        Assert.Equal(200, alive.Status);
        Assert.Equal(["self"], Names(alive.Body));
    }

    [Fact]
    public async Task A_service_may_start_before_Redis()
    {
        await using var redis = await RedisServer.StartAsync(cancellationToken: Cancellation);
        var postgres = await PostgresServer.SharedAsync();
        await redis.StopAsync();

        await using var service = await StartAsync(redis.ConnectionString + ",connectTimeout=500", postgres.ConnectionString);
        Assert.Equal(503, (await service.GetAsync("/health")).Status);
        Assert.Equal(200, (await service.GetAsync("/alive")).Status);

        await redis.RestartAsync(Cancellation);
        await Eventually.BecomesTrueAsync(async () => (await service.GetAsync("/health")).Status == 200);
    }

    [Fact]
    public async Task A_stalled_server_does_not_block_the_health_endpoint()
    {
        await using var redis = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var service = await StartAsync(redis.ConnectionString, postgres.ConnectionString);
        Assert.Equal(200, (await service.GetAsync("/health")).Status);

        await redis.PauseAsync();
        await postgres.PauseAsync();
        var started = Stopwatch.GetTimestamp();
        var (status, body) = await service.GetAsync("/health");

        Assert.Equal(503, status);
        Assert.Equal("Unhealthy", StatusOf(body, "PostgreSql"));
        Assert.Equal("Unhealthy", StatusOf(body, "StackExchange.Redis"));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(9));
        Assert.Equal(200, (await service.GetAsync("/alive")).Status);
    }

    [Fact]
    public async Task Aspire_s_keys_disable_health_checks()
    {
        await using var service = await DefaultService.StartAsync(
            new()
            {
                ["ConnectionStrings:redis"] = "127.0.0.1:1",
                ["ConnectionStrings:fanout"] = "Host=127.0.0.1;Port=1",
                ["Aspire:StackExchange:Redis:redis:DisableHealthChecks"] = "true",
                ["Aspire:Npgsql:DisableHealthChecks"] = "true",
            },
            builder =>
            {
                builder.AddRedisClient("redis");
                builder.AddNpgsqlDataSource("fanout");
            });

        var (status, body) = await service.GetAsync("/health");

        Assert.Equal(200, status);
        Assert.Equal(["self"], Names(body));
    }

    private static Task<DefaultService> StartAsync(string redis, string postgres) => DefaultService.StartAsync(
        new() { ["ConnectionStrings:redis"] = redis, ["ConnectionStrings:fanout"] = postgres },
        builder =>
        {
            builder.AddRedisClient("redis");
            builder.AddNpgsqlDataSource("fanout");
        });

    private static string[] Names(JsonElement body) =>
        [.. body.GetProperty("checks").EnumerateObject().Select(check => check.Name).Order(StringComparer.Ordinal)];

    private static string? StatusOf(JsonElement body, string check) =>
        body.GetProperty("checks").GetProperty(check).GetProperty("status").GetString();
}

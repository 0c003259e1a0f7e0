using System.Text.Json;
using FanOut.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

/// <summary>
/// What Aspire's client integrations of 13.5.2 do: with <c>-p:UseAspire=true</c> this tests them, without it the equivalents that stand in for them. The expectations were read from
/// AspireRedisExtensions.cs and StackExchangeRedisSettings.cs of src/Components/Aspire.StackExchange.Redis, StackExchangeRedisConnectionInstrumentation.cs of src/Vendoring,
/// and AspirePostgreSqlNpgsqlExtensions.cs, NpgsqlSettings.cs and NpgsqlCommon.cs of src/Components/Aspire.Npgsql.
/// </summary>
[Collection(nameof(TelemetryTests))]
public sealed class AspireClientTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("fanout-traces-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("ConnectionStrings:redis", "ConnectionStrings:fanout")]
    [InlineData("Aspire:StackExchange:Redis:ConnectionString", "Aspire:Npgsql:ConnectionString")]
    [InlineData("Aspire:StackExchange:Redis:redis:ConnectionString", "Aspire:Npgsql:fanout:ConnectionString")]
    public async Task Each_of_the_keys_gives_the_connection_string(string redisKey, string postgresKey)
    {
        await using var app = await BuildAsync(redisKey, postgresKey, []);

        await app.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync();
        await using var command = app.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("select 1");
        Assert.Equal(1, await command.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task ConnectionStrings_wins_over_the_sections_and_the_named_section_over_the_other()
    {
        await using var app = await BuildAsync("ConnectionStrings:redis", "Aspire:Npgsql:fanout:ConnectionString", new()
        {
            ["Aspire:StackExchange:Redis:redis:ConnectionString"] = "127.0.0.1:1",
            ["Aspire:Npgsql:ConnectionString"] = "Host=127.0.0.1;Port=1",
        });

        await app.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync();
        await using var command = app.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("select 1");
        Assert.Equal(1, await command.ExecuteScalarAsync(Cancellation));
    }

    [Fact]
    public async Task The_sections_bind_ConfigurationOptions_the_named_one_last()
    {
        await using var app = await BuildAsync(settings: new()
        {
            ["Aspire:StackExchange:Redis:ConfigurationOptions:ConnectRetry"] = "7",
            ["Aspire:StackExchange:Redis:ConfigurationOptions:ConnectTimeout"] = "1111",
            ["Aspire:StackExchange:Redis:redis:ConfigurationOptions:ConnectTimeout"] = "2222",
        });

        var options = app.Services.GetRequiredService<IOptions<ConfigurationOptions>>().Value;
        Assert.Equal((7, 2222), (options.ConnectRetry, options.ConnectTimeout));
    }

    [Theory]
    [InlineData(null, "PostgreSql,StackExchange.Redis,self")]
    [InlineData("Aspire:StackExchange:Redis:DisableHealthChecks", "PostgreSql,self")]
    [InlineData("Aspire:StackExchange:Redis:redis:DisableHealthChecks", "PostgreSql,self")]
    [InlineData("Aspire:Npgsql:DisableHealthChecks", "StackExchange.Redis,self")]
    [InlineData("Aspire:Npgsql:fanout:DisableHealthChecks", "StackExchange.Redis,self")]
    public async Task Health_checks_have_these_names_and_can_be_switched_off(string? disabled, string expected)
    {
        await using var app = await BuildAsync(settings: disabled is null ? [] : new() { [disabled] = "true" });

        var names = app.Services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Select(check => check.Name);
        Assert.Equal(expected, string.Join(',', names.Order(StringComparer.Ordinal)));
    }

    [Theory]
    [InlineData(null, "Npgsql,OpenTelemetry.Instrumentation.StackExchangeRedis")]
    [InlineData("Aspire:StackExchange:Redis:DisableTracing", "Npgsql")]
    [InlineData("Aspire:Npgsql:DisableTracing", "OpenTelemetry.Instrumentation.StackExchangeRedis")]
    public async Task Traces_come_from_these_sources_and_can_be_switched_off(string? disabled, string expected)
    {
        await UseAsync(disabled);

        var spans = Directory.EnumerateFiles(_folder).SelectMany(File.ReadLines).Select(line => WrittenSpan.Parse(JsonDocument.Parse(line).RootElement)).ToList();
        Assert.Equal(expected, string.Join(',', spans.Where(span => span.Kind == "Client").Select(span => span.Source).Distinct().Order(StringComparer.Ordinal)));
        Assert.All(spans.Where(span => span.Name == "ECHO"), span => Assert.Equal(
            ("redis", "ECHO", "ECHO", "127.0.0.1"),
            (span.Tags["db.system.name"], span.Tags["db.operation.name"], span.Tags["db.query.text"], span.Tags["server.address"])));
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("Aspire:Npgsql:DisableMetrics", false)]
    public async Task Metrics_come_from_the_meter_Npgsql_and_can_be_switched_off(string? disabled, bool expected)
    {
        var metrics = await UseAsync(disabled);

        Assert.Equal(expected, metrics.Contains("otel_scope_name=\"Npgsql\"", StringComparison.Ordinal));
    }

    private async Task<string> UseAsync(string? disabled)
    {
        var settings = await SettingsAsync();
        settings["FANOUT_TRACE_FOLDER"] = _folder;
        if (disabled is not null)
        {
            settings[disabled] = "true";
        }

        await using var service = await DefaultService.StartAsync(
            settings,
            AddClients,
            app => app.MapGet("/effect", async (NpgsqlDataSource dataSource, IConnectionMultiplexer redis) =>
            {
                await using var command = dataSource.CreateCommand("select 1");
                await command.ExecuteScalarAsync(Cancellation);
                await redis.GetDatabase().ExecuteAsync("ECHO", "1");
            }));
        using var answer = await service.Http.GetAsync(new Uri("/effect", UriKind.Relative), Cancellation);
        answer.EnsureSuccessStatusCode();
        return await service.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), Cancellation);
    }

    private static async Task<WebApplication> BuildAsync(string redisKey = "ConnectionStrings:redis", string postgresKey = "ConnectionStrings:fanout", Dictionary<string, string?>? settings = null)
    {
        foreach (var (key, value) in await SettingsAsync(redisKey, postgresKey))
        {
            (settings ??= [])[key] = value;
        }

        var builder = DefaultService.Builder(settings!);
        AddClients(builder);
        return builder.Build();
    }

    private static async Task<Dictionary<string, string?>> SettingsAsync(string redisKey = "ConnectionStrings:redis", string postgresKey = "ConnectionStrings:fanout") => new()
    {
        [redisKey] = (await RedisServer.SharedAsync()).ConnectionString,
        [postgresKey] = (await PostgresServer.SharedAsync()).ConnectionString,
    };

    private static void AddClients(WebApplicationBuilder builder)
    {
        builder.AddRedisClient("redis");
        builder.AddNpgsqlDataSource("fanout");
    }
}

using System.Collections.Concurrent;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

public sealed class LogTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Framework_messages_are_not_logged_by_default()
    {
        var lines = await LogAsync([]);

        Assert.Equal(["Shop: open"], lines.Where(line => !line.StartsWith("Microsoft.Hosting.Lifetime", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Configuration_can_enable_framework_logs()
    {
        var lines = await LogAsync(new() { ["Logging:LogLevel:Npgsql"] = "Information" });

        Assert.Contains(lines, line =>
            line.StartsWith("Npgsql.Command", StringComparison.Ordinal) && line.Contains("select 4243", StringComparison.Ordinal));
    }

    private static async Task<string[]> LogAsync(Dictionary<string, string?> settings)
    {
        var redis = await RedisServer.SharedAsync();
        var postgres = await PostgresServer.SharedAsync();
        settings["ConnectionStrings:redis"] = redis.ConnectionString;
        settings["ConnectionStrings:fanout"] = postgres.ConnectionString;
        using var recorder = new Recorder();
        await using (var service = await DefaultService.StartAsync(
            settings,
            builder =>
            {
                builder.Logging.AddProvider(recorder);
                builder.AddRedisClient("redis");
                builder.AddNpgsqlDataSource("fanout");
            }))
        {
            await service.GetAsync("/health");
            await service.GetAsync("/alive");
            await using var command = service.App.Services.GetRequiredService<NpgsqlDataSource>().CreateCommand("select 4243");
            await command.ExecuteScalarAsync(Cancellation);
            await service.App.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync();
            var logger = service.App.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Shop");
            logger.Log(LogLevel.Information, default, "open", null, (state, _) => state);
        }

        return [.. recorder.Lines];
    }

    private sealed class Recorder : ILoggerProvider
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => new Category(categoryName, Lines);

        public void Dispose()
        {
        }

        private sealed class Category(string name, ConcurrentQueue<string> lines) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(
                LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                lines.Enqueue($"{name}: {formatter(state, exception)}");
        }
    }
}

using System.Collections.Concurrent;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.ServiceDefaults;
using FanOut.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>Keys and tokens are in no log, whatever its level.</summary>
public sealed class SecrecyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task No_key_hash_or_token_is_logged()
    {
        await using var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var authority = await Authority.StartAsync();
        using var recorder = new Recorder();
        var settings = authority.Settings.ToDictionary(setting => setting.Key, setting => (string?)setting.Value);
        settings["ConnectionStrings:fanout"] = database.ConnectionString;
        settings["Access:AllowAnonymous"] = "false";
        settings["Logging:LogLevel:Default"] = "Trace";
        settings["Logging:LogLevel:Microsoft.AspNetCore"] = "Trace";
        settings["Logging:LogLevel:Npgsql"] = "Trace";
        await using var service = await DefaultService.StartAsync(
            settings,
            builder =>
            {
                builder.Logging.AddProvider(recorder);
                builder.AddNpgsqlDataSource("fanout");
            },
            app => app.MapGet("/read", () => "read").RequireScope(Scopes.OrdersRead));
        await NewKey.CreateTablesAsync(database.DataSource);
        var good = await NewKey.InAsync(database.DataSource, Scopes.OrdersRead);
        var revoked = await NewKey.RevokedInAsync(database.DataSource, Scopes.OrdersRead);
        string[] sent =
        [
            good.Text, revoked.Text, NewKey.WithOtherSecret(good), ApiKey.Generate().Text, "fanout_tests.malformed-secret",
            authority.Issue(new() { ["scope"] = "orders:read" }), authority.Issue([], audience: "shop"), "a.malformed.token-of-this-test",
        ];
        foreach (var credential in sent)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/read") { Headers = { Authorization = new("Bearer", credential) } };
            using var answer = await service.Http.SendAsync(request, Cancellation);
        }

        Assert.NotEmpty(recorder.Lines);
        string[] secrets =
        [
            .. sent.Select(credential => credential.Split('.')[^1]),
            .. new[] { good, revoked }.SelectMany(key => new[] { Convert.ToHexString(key.Hash), Convert.ToBase64String(key.Hash) }),
        ];
        Assert.All(secrets, secret => Assert.DoesNotContain(recorder.Lines, line => line.Contains(secret, StringComparison.OrdinalIgnoreCase)));
    }

    private sealed class Recorder : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = [];

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Enqueue($"{formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}

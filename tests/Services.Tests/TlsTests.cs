using System.Net;
using System.Text.RegularExpressions;
using FanOut.TestServers;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests;

/// <summary>
/// A service with the connection strings of docs/deploy.md and the authorities of the production overlay works with servers whose certificates these
/// authorities have signed, and with no other.
/// </summary>
public sealed class TlsTests : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("fanout-tls-").FullName;
    private readonly ServerCertificate _known = new();
    private readonly ServerCertificate _unknown = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Log => Path.Combine(_folder, "log");

    public void Dispose()
    {
        _known.Dispose();
        _unknown.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_service_starts_when_both_certificates_are_of_a_known_authority()
    {
        await using var redis = await RedisServer.StartAsync(new() { Password = "secret", Certificate = _known }, Cancellation);
        await using var postgres = await PostgresServer.StartAsync(new() { Password = "secret", Certificate = _known }, Cancellation);
        await using var service = await LaunchAsync(redis, postgres);

        await service.WaitUntilHealthyAsync(Timeout, Cancellation);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_service_does_not_use_a_Postgres_server_without_a_known_certificate(bool hasTls)
    {
        await using var redis = await RedisServer.StartAsync(new() { Password = "secret", Certificate = _known }, Cancellation);
        await using var postgres = await PostgresServer.StartAsync(
            new() { Password = "secret", Certificate = hasTls ? _unknown : null }, Cancellation);
        await using var service = await LaunchAsync(redis, postgres);

        await Until.TrueAsync(() => Task.FromResult(service.HasExited), Timeout, "the service to end", Cancellation);
        Assert.NotEqual(0, service.ExitCode);
        await LoggedAsync(hasTls ? "SSL handshake" : "No SSL enabled connection");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_service_does_not_use_a_Redis_server_without_a_known_certificate(bool hasTls)
    {
        await using var redis = await RedisServer.StartAsync(new() { Password = "secret", Certificate = hasTls ? _unknown : null }, Cancellation);
        await using var postgres = await PostgresServer.StartAsync(new() { Password = "secret", Certificate = _known }, Cancellation);
        await using var service = await LaunchAsync(redis, postgres);

        await LoggedAsync("Starting without Redis");
        await LoggedAsync("Now listening on");

        using var health = await service.Http.GetAsync(new Uri("/health", UriKind.Relative), Cancellation);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
    }

    private Task<ServiceProcess> LaunchAsync(RedisServer redis, PostgresServer postgres)
    {
        // As the overlay mounts it: nothing but certificates of authorities.
        var authorities = Directory.CreateDirectory(Path.Combine(_folder, "authorities")).FullName;
        File.Copy(_known.AuthorityFile, Path.Combine(authorities, "authorities.pem"));
        var document = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "deploy.md"));
        var settings = File.ReadAllText(Path.Combine(SourceTree.Root, "deploy", "kubernetes", "overlays", "production", "settings.env"));
        var database = new NpgsqlConnectionStringBuilder(Template(document, "fanout-order-api-postgres"))
        {
            Host = "127.0.0.1",
            Port = postgres.Port,
            Username = "postgres",
            Password = "secret",
            Database = "postgres",
        };
        var environment = new Dictionary<string, string>
        {
            ["SSL_CERT_DIR"] = Regex.Match(settings, "^SSL_CERT_DIR=(.+)$", RegexOptions.Multiline).Groups[1].Value
                .Replace("/etc/fanout/authorities", authorities, StringComparison.Ordinal),
            ["ConnectionStrings__fanout"] = database.ConnectionString,
            ["ConnectionStrings__redis"] = Template(document, "fanout-order-api-redis")
                .Replace("redis.example.net:6380", $"127.0.0.1:{redis.Port}", StringComparison.Ordinal)
                .Replace("user=fanout-order-api,password=...", "password=secret", StringComparison.Ordinal),
        };
        return ServiceProcess.LaunchAsync(
            "analytics-worker", Path.Combine(AppContext.BaseDirectory, "FanOut.AnalyticsWorker.dll"), [], environment, LoopbackPort.Next(), Log);
    }

    private static string Template(string document, string key) => Regex.Match(document, $"`{key}`[^\n]*\\| `([^`\n]+)` \\|").Groups[1].Value;

    private Task LoggedAsync(string text) => Until.TrueAsync(
        async () => (await ReadLogAsync()).Contains(text, StringComparison.Ordinal), Timeout, $"'{text}' in the log", Cancellation);

    private async Task<string> ReadLogAsync()
    {
        await using var file = new FileStream(Log, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        return await reader.ReadToEndAsync(Cancellation);
    }
}

using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using FanOut.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

public sealed class ErrorTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_unknown_path_is_a_problem()
    {
        await using var service = await DefaultService.StartAsync();

        var problem = await ProblemAsync(await service.Http.GetAsync(new Uri("/nowhere", UriKind.Relative), Cancellation), 404);

        Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
    }

    [Fact]
    public async Task An_unexpected_exception_is_a_500_without_internals()
    {
        await using var service = await DefaultService.StartAsync(
            map: app => app.MapGet("/boom", string () => throw new InvalidOperationException("the secret inside")));

        using var response = await service.Http.GetAsync(new Uri("/boom", UriKind.Relative), Cancellation);
        var problem = await ProblemAsync(response, 500);

        Assert.DoesNotContain("secret", problem.GetRawText(), StringComparison.Ordinal);
        Assert.NotEmpty(problem.GetProperty("traceId").GetString()!);
    }

    [Fact]
    public async Task Malformed_JSON_is_a_400()
    {
        await using var service = await DefaultService.StartAsync(map: app => app.MapPost("/things", (Dictionary<string, int> thing) => thing.Count));

        using var content = new StringContent("{\"a\":", Encoding.UTF8, "application/json");
        await ProblemAsync(await service.Http.PostAsync(new Uri("/things", UriKind.Relative), content, Cancellation), 400);
    }

    [Fact]
    public async Task A_body_over_the_limit_is_a_413()
    {
        await using var service = await DefaultService.StartAsync(map: app =>
        {
            app.MapPost("/bound", (Dictionary<string, string> thing) => thing.Count).WithMetadata(new BodyLimit(100));
            app.MapPost("/read", async (HttpRequest request) => await new StreamReader(request.Body).ReadToEndAsync(Cancellation))
                .WithMetadata(new BodyLimit(100));
        });

        foreach (var path in new[] { "/bound", "/read" })
        {
            using var content = new StringContent($"{{\"a\":\"{new string('x', 200)}\"}}", Encoding.UTF8, "application/json");
            await ProblemAsync(await service.Http.PostAsync(new Uri(path, UriKind.Relative), content, Cancellation), 413);
        }
    }

    [Fact]
    public async Task An_unavailable_Postgres_is_a_503_with_Retry_After()
    {
        using var log = new LogRecorder(7000);
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await postgres.KillAsync();
        await using var service = await DefaultService.StartAsync(
            new() { ["ConnectionStrings:fanout"] = postgres.ConnectionString },
            builder =>
            {
                builder.Logging.AddProvider(log);
                builder.AddNpgsqlDataSource("fanout");
            },
            app => app.MapGet("/query", async (NpgsqlDataSource dataSource) =>
            {
                await using var connection = await dataSource.OpenConnectionAsync(Cancellation);
            }));

        using var response = await service.Http.GetAsync(new Uri("/query", UriKind.Relative), Cancellation);

        await ProblemAsync(response, 503);
        Assert.Equal(TimeSpan.FromSeconds(5), response.Headers.RetryAfter?.Delta);
        var (text, exception) = Assert.Single(log.Entries);
        Assert.StartsWith("/query was answered 503: Failed to connect to", text, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', text);
        Assert.Null(exception);
    }

    private static async Task<JsonElement> ProblemAsync(HttpResponseMessage response, int status)
    {
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = await response.Content.ReadFromJsonAsync<JsonElement>(Cancellation);
        Assert.Equal(status, problem.GetProperty("status").GetInt32());
        return problem;
    }

    private sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}

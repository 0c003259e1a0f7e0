using System.Net;
using System.Text;
using FanOut.OrderApi.Placing;
using FanOut.ServiceDefaults.Access;
using FanOut.Services.Tests.Http;
using FanOut.TestServers;
using Npgsql;
using Xunit;

namespace FanOut.Services.Tests.Access;

/// <summary>How a service checks a key.</summary>
public sealed class ApiKeyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_revoked_key_is_refused_within_seconds()
    {
        await using var host = await StartAsync();
        var key = await NewKey.InAsync(host.Database.DataSource, Scopes.OrdersRead);
        Assert.Equal(HttpStatusCode.OK, (await GetAsync(host, key.Text)).Status);

        await new ApiKeyRegistry(host.Database.DataSource).RevokeAsync(key.Id, Cancellation);

        await Eventually.BecomesTrueAsync(async () => (await GetAsync(host, key.Text)).Status == HttpStatusCode.Unauthorized);
    }

    [Fact]
    public async Task The_use_of_a_key_is_noted_once_a_minute_and_only_with_its_secret()
    {
        await using var database = await NewDatabaseAsync();
        var key = await NewKey.InAsync(database.DataSource, Scopes.Any);
        Assert.True(ApiKey.TryParse(NewKey.WithOtherSecret(key), out var forged));

        await FindAsync(database, forged);
        var before = await LastUsedAsync(database, key);
        await FindAsync(database, key);
        var first = await LastUsedAsync(database, key);
        await FindAsync(database, key);
        var second = await LastUsedAsync(database, key);
        await ExecuteAsync(database, "update access.api_keys set last_used_at = now() - interval '2 minutes'");
        await FindAsync(database, key);

        Assert.Null(before);
        Assert.NotNull(first);
        Assert.Equal(first, second);
        Assert.True(await LastUsedAsync(database, key) > first);
    }

    [Fact]
    public async Task Concurrent_requests_with_one_key_need_one_query()
    {
        await using var database = await NewDatabaseAsync();
        var key = await NewKey.InAsync(database.DataSource, Scopes.Any);
        using var keys = new ApiKeyCache(database.DataSource);
        await using var blocking = await database.DataSource.OpenConnectionAsync(Cancellation);
        await using var transaction = await blocking.BeginTransactionAsync(Cancellation);
        await using (var command = new NpgsqlCommand("select from access.api_keys for update", blocking, transaction))
        {
            await command.ExecuteNonQueryAsync(Cancellation);
        }

        var finding = Enumerable.Range(0, 50).Select(_ => keys.FindAsync(key, Cancellation)).ToArray();
        await Eventually.BecomesTrueAsync(async () => await WaitingAsync(database) > 0);
        var waiting = await WaitingAsync(database);
        await transaction.CommitAsync(Cancellation);

        Assert.All(await Task.WhenAll(finding), found => Assert.Equal("ada", found!.Name));
        Assert.Equal(1, waiting);
    }

    [Fact]
    public async Task An_unknown_id_is_asked_for_once()
    {
        await using var database = await NewDatabaseAsync();
        using var keys = new ApiKeyCache(database.DataSource);
        var key = ApiKey.Generate();
        Assert.Null(await keys.FindAsync(key, Cancellation));

        await using var command = database.DataSource.CreateCommand(
            "insert into access.api_keys (id, name, owner, hash, scopes) values ($1, 'late', 'late', $2, '{*}')");
        command.Parameters.Add(new() { Value = key.Id });
        command.Parameters.Add(new() { Value = key.Hash });
        await command.ExecuteNonQueryAsync(Cancellation);

        Assert.Null(await keys.FindAsync(key, Cancellation));
    }

    [Fact]
    public async Task While_Postgres_is_away_a_key_is_answered_503_and_health_is_still_served()
    {
        await using var postgres = await PostgresServer.StartAsync(cancellationToken: Cancellation);
        await using var database = await postgres.CreateDatabaseAsync(cancellationToken: Cancellation);
        await using var host = await ServiceHost<OrderWriter>.StartAsync(database: database, cancellationToken: Cancellation);
        await postgres.KillAsync();

        var answer = await GetAsync(host, ApiKey.Generate().Text);
        var health = await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, "/health"));
        await postgres.RestartAsync(Cancellation);

        answer.IsProblem(HttpStatusCode.ServiceUnavailable);
        Assert.NotNull(answer.RetryAfter);
        Assert.Equal("Unhealthy", (string?)health.Json["status"]);
        await Eventually.BecomesTrueAsync(async () => (await GetAsync(host, TestKey.Header.Parameter!)).Status == HttpStatusCode.OK);
    }

    [Theory]
    [InlineData("Authorization: {0}\r\nAuthorization: {0}\r\n", 401, "must be given once")]
    [InlineData("Authorization: Basic dGVzdHM6dGVzdHM=\r\n", 401, "Send an API key or a token")]
    [InlineData("Authorization: Bearer\r\n", 401, "Send an API key or a token")]
    [InlineData("Authorization:\r\n", 401, "Send an API key or a token")]
    [InlineData("authorization: bearer   {1}  \r\n", 200, "orders")]
    public async Task Odd_headers_are_answered_with_a_reason(string header, int status, string reason)
    {
        await using var host = await StartAsync();

        var answer = await SendAsync(host, string.Format(null, header, TestKey.Header, TestKey.Header.Parameter));

        Assert.Equal(status, answer.Status);
        Assert.Contains(reason, answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_of_a_megabyte_is_answered_431()
    {
        await using var host = await StartAsync();

        Assert.Equal(431, (await SendAsync(host, $"Authorization: Bearer fanout_{new string('x', 1 << 20)}\r\n")).Status);
    }

    [Fact]
    public async Task A_refused_caller_gets_the_answer_also_after_a_body_over_the_limit()
    {
        await using var host = await StartAsync();
        using var anonymous = new HttpClient { BaseAddress = host.Address };
        using var body = new ByteArrayContent(new byte[16 << 20]);
        body.Headers.ContentType = new("application/json");

        using var answer = await anonymous.PostAsync(new Uri("/orders", UriKind.Relative), body, Cancellation);

        Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
    }

    [Fact]
    public async Task Anonymous_callers_see_the_state_of_health_and_no_reasons()
    {
        await using var redis = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string> { ["ConnectionStrings:redis"] = redis.ConnectionString }, cancellationToken: Cancellation);
        await redis.KillAsync();
        using var anonymous = new HttpClient { BaseAddress = host.Address };

        var shown = await Answer.ToAsync(anonymous, new HttpRequestMessage(HttpMethod.Get, "/health"));
        var detailed = await Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, "/health"));

        Assert.Equal("""{"status":"Degraded"}""", shown.Json["checks"]!["StackExchange.Redis"]!.ToJsonString());
        Assert.DoesNotContain("127.0.0.1", shown.Body, StringComparison.Ordinal);
        Assert.NotNull(detailed.Json["checks"]!["StackExchange.Redis"]!["description"]);
    }

    [Fact]
    public async Task Outside_Development_there_is_no_API_document()
    {
        await using var host = await StartAsync();

        Assert.All(
            await Task.WhenAll(new[] { "/", "/scalar/", "/openapi/v1.json" }.Select(path =>
                Answer.ToAsync(host.Http, new HttpRequestMessage(HttpMethod.Get, path)))),
            answer => answer.IsProblem(HttpStatusCode.NotFound));
    }

    [Fact]
    public async Task The_API_document_names_the_scope_of_each_operation()
    {
        await using var host = await ServiceHost<OrderWriter>.StartAsync(
            new Dictionary<string, string> { ["environment"] = "Development" }, cancellationToken: Cancellation);
        using var anonymous = new HttpClient { BaseAddress = host.Address };

        var document = (await Answer.ToAsync(anonymous, new HttpRequestMessage(HttpMethod.Get, "/openapi/v1.json"))).Json;

        Assert.Equal("bearer", (string?)document["components"]!["securitySchemes"]!["bearer"]!["scheme"]);
        Assert.Equal("""[{"bearer":["orders:write"]}]""", document["paths"]!["/orders"]!["post"]!["security"]!.ToJsonString());
        Assert.Equal("""[{"bearer":["orders:read"]}]""", document["paths"]!["/orders"]!["get"]!["security"]!.ToJsonString());
        Assert.All(["401", "403"], status => Assert.NotNull(document["paths"]!["/orders"]!["get"]!["responses"]![status]));
    }

    private static Task<ServiceHost<OrderWriter>> StartAsync() => ServiceHost<OrderWriter>.StartAsync(cancellationToken: Cancellation);

    /// <summary>A database that has keys.</summary>
    private static async Task<PostgresDatabase> NewDatabaseAsync()
    {
        var database = await (await PostgresServer.SharedAsync()).CreateDatabaseAsync(cancellationToken: Cancellation);
        await NewKey.CreateTablesAsync(database.DataSource);
        return database;
    }

    private static async Task FindAsync(PostgresDatabase database, ApiKey key)
    {
        using var keys = new ApiKeyCache(database.DataSource);
        await keys.FindAsync(key, Cancellation);
    }

    private static async Task<DateTimeOffset?> LastUsedAsync(PostgresDatabase database, ApiKey key) =>
        Assert.Single(await new ApiKeyRegistry(database.DataSource).ListAsync(Cancellation), entry => entry.Id == key.Id).LastUsedAt;

    private static async Task<long> WaitingAsync(PostgresDatabase database)
    {
        await using var command = database.DataSource.CreateCommand(
            "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private static async Task ExecuteAsync(PostgresDatabase database, string sql)
    {
        await using var command = database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancellation);
    }

    private static Task<Answer> GetAsync(ServiceHost<OrderWriter> host, string key)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, new Uri(host.Address, "/orders")) { Headers = { Authorization = new("Bearer", key) } };
        return Answer.ToAsync(host.Http, request);
    }

    private static Task<RawAnswer> SendAsync(ServiceHost<OrderWriter> host, string header)
    {
        var request = $"GET /orders HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}\r\n";
        return RawHttp.SendAsync(host.Address, Encoding.ASCII.GetBytes(request), Cancellation);
    }
}

using FanOut.ServiceDefaults.Clients;
using FanOut.TestServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.ServiceDefaults;

public sealed class ClientTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("redis", "ConnectionStrings:redis")]
    [InlineData("fanout", "ConnectionStrings:fanout")]
    public void A_missing_connection_string_is_named(string connection, string key)
    {
        var failure = Assert.Throws<InvalidOperationException>(() => Add(DefaultService.Builder([]), connection));

        Assert.Contains(key, failure.Message, StringComparison.Ordinal);
        Assert.Contains(key.Replace(":", "__", StringComparison.Ordinal), failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("redis", "127.0.0.1:6379,nonsense=1")]
    [InlineData("fanout", "Host=127.0.0.1;Nonsense=1")]
    public void A_malformed_connection_string_is_named(string connection, string value)
    {
        var builder = DefaultService.Builder(new() { [$"ConnectionStrings:{connection}"] = value });

        var failure = Assert.Throws<InvalidOperationException>(() => Add(builder, connection));

        Assert.Contains($"ConnectionStrings:{connection}", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Postgres_sessions_time_out_and_detect_dead_peers()
    {
        var postgres = await PostgresServer.SharedAsync();
        await using var app = Build(new() { ["ConnectionStrings:fanout"] = postgres.ConnectionString + ";Maximum Pool Size=1" });
        var dataSource = app.Services.GetRequiredService<NpgsqlDataSource>();

        // The first session changes a setting; the next one from the pool must have ours again, not the server's.
        await using (var first = dataSource.CreateCommand("set lock_timeout = '1s'"))
        {
            await first.ExecuteNonQueryAsync(Cancellation);
        }

        Assert.Equal("10s", await ShowAsync(dataSource, "lock_timeout"));
        Assert.Equal("1min", await ShowAsync(dataSource, "idle_in_transaction_session_timeout"));
        Assert.Equal("15", await ShowAsync(dataSource, "tcp_keepalives_idle"));
        Assert.Equal(DefaultService.Name, await ShowAsync(dataSource, "application_name"));
    }

    [Fact]
    public async Task An_idle_transaction_is_ended()
    {
        var postgres = await PostgresServer.SharedAsync();
        const string Options = ";Options=-c idle_in_transaction_session_timeout=100ms";
        await using var app = Build(new() { ["ConnectionStrings:fanout"] = postgres.ConnectionString + Options });
        await using var connection = await app.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(Cancellation);
        await using var transaction = await connection.BeginTransactionAsync(Cancellation);
        await using (var lockTaken = new NpgsqlCommand("select pg_advisory_xact_lock(1)", connection, transaction))
        {
            await lockTaken.ExecuteNonQueryAsync(Cancellation);
        }

        await using var watcher = NpgsqlDataSource.Create(postgres.ConnectionString);
        await using var alive = watcher.CreateCommand($"select count(*) from pg_stat_activity where pid = {connection.ProcessID}");

        await Eventually.BecomesTrueAsync(async () => (long)(await alive.ExecuteScalarAsync(Cancellation))! == 0, TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task The_Postgres_connection_string_wins()
    {
        var postgres = await PostgresServer.SharedAsync();
        await using var app = Build(new()
        {
            ["ConnectionStrings:fanout"] =
                postgres.ConnectionString + ";Application Name=mine;Options=-c lock_timeout=3s;Keepalive=7;Tcp Keepalive Time=9",
        });
        var dataSource = app.Services.GetRequiredService<NpgsqlDataSource>();

        Assert.Equal("3s", await ShowAsync(dataSource, "lock_timeout"));
        Assert.Equal("1min", await ShowAsync(dataSource, "idle_in_transaction_session_timeout"));
        Assert.Equal("mine", await ShowAsync(dataSource, "application_name"));
        var effective = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        Assert.Equal((7, 9), (effective.KeepAlive, effective.TcpKeepAliveTime));
    }

    [Fact]
    public async Task The_Redis_client_reconnects_and_has_a_name()
    {
        var redis = await RedisServer.SharedAsync();
        await using var app = Build(new() { ["ConnectionStrings:redis"] = redis.ConnectionString });
        var options = app.Services.GetRequiredService<IOptions<ConfigurationOptions>>().Value;

        Assert.False(options.AbortOnConnectFail);
        Assert.Equal(15, options.KeepAlive);
        Assert.Equal(15, options.Clone().KeepAlive);
        Assert.True(options.ReconnectRetryPolicy.ShouldRetry(60, 5_000));
        await app.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync();
        await using var admin = await redis.ConnectAsync();
        var clients = (string?)await admin.GetDatabase().ExecuteAsync("CLIENT", "LIST");
        Assert.Contains($"name={DefaultService.Name}@", clients, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Aspire_s_keys_configure_Redis_and_the_connection_string_wins()
    {
        await using var app = Build(new()
        {
            ["ConnectionStrings:redis"] = "127.0.0.1:1,name=mine",
            ["Aspire:StackExchange:Redis:ConfigurationOptions:ConnectTimeout"] = "1234",
            ["Aspire:StackExchange:Redis:redis:ConfigurationOptions:ConnectRetry"] = "7",
        });
        var options = app.Services.GetRequiredService<IOptions<ConfigurationOptions>>().Value;

        Assert.Equal(("mine", 1234, 7), (options.ClientName, options.ConnectTimeout, options.ConnectRetry));
    }

    [Fact]
    public async Task The_connection_string_may_be_in_Aspire_s_section()
    {
        var postgres = await PostgresServer.SharedAsync();
        await using var app = Build(new()
        {
            ["Aspire:Npgsql:ConnectionString"] = "Host=127.0.0.1;Port=1",
            ["Aspire:Npgsql:fanout:ConnectionString"] = postgres.ConnectionString,
            ["Aspire:StackExchange:Redis:ConnectionString"] = "127.0.0.1:1",
        }, both: true);

        Assert.Equal("10s", await ShowAsync(app.Services.GetRequiredService<NpgsqlDataSource>(), "lock_timeout"));
        Assert.Equal("127.0.0.1:1", app.Services.GetRequiredService<IOptions<ConfigurationOptions>>().Value.EndPoints.Single().ToString());
    }

    [Fact]
    public async Task A_service_s_own_configuration_wins()
    {
        var postgres = await PostgresServer.SharedAsync();
        var builder = DefaultService.Builder(
            new() { ["ConnectionStrings:fanout"] = postgres.ConnectionString, ["ConnectionStrings:redis"] = "127.0.0.1:1" });
        builder.AddNpgsqlDataSource("fanout", source => source.ConnectionStringBuilder.ApplicationName = "own");
        builder.AddRedisClient("redis", options => options.KeepAlive = 3);
        await using var app = builder.Build();

        Assert.Equal("own", await ShowAsync(app.Services.GetRequiredService<NpgsqlDataSource>(), "application_name"));
        Assert.Equal(3, app.Services.GetRequiredService<IOptions<ConfigurationOptions>>().Value.KeepAlive);
    }

    [Theory]
    [InlineData("", "7min")]
    [InlineData(";No Reset On Close=false", "5min")]
    public async Task Sessions_keep_their_state_unless_the_connection_string_resets_them(string setting, string expected)
    {
        var postgres = await PostgresServer.SharedAsync();
        var connection = postgres.ConnectionString + ";Maximum Pool Size=1;Options=-c statement_timeout=5min" + setting;
        var builder = DefaultService.Builder(new() { ["ConnectionStrings:fanout"] = connection });
        builder.AddNpgsqlDataSource("fanout", PooledSession.KeepState);
        await using var app = builder.Build();
        var source = app.Services.GetRequiredService<NpgsqlDataSource>();
        await using (var change = source.CreateCommand("set statement_timeout = '7min'"))
        {
            await change.ExecuteNonQueryAsync(Cancellation);
        }

        Assert.Equal(expected, await ShowAsync(source, "statement_timeout"));
    }

    [Fact]
    public async Task Commands_succeed_after_a_restart_of_Redis()
    {
        await using var redis = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        await using var app = Build(new() { ["ConnectionStrings:redis"] = redis.ConnectionString });
        var database = app.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase();
        await database.StringSetAsync("kept", "yes");

        await redis.RestartAsync(Cancellation);

        await Eventually.BecomesTrueAsync(
            async () =>
            {
                try
                {
                    return await database.StringGetAsync("kept") == "yes";
                }
                catch (RedisException)
                {
                    return false;
                }
            },
            TimeSpan.FromSeconds(30));
    }

    private static WebApplication Build(Dictionary<string, string?> settings, bool both = false)
    {
        var builder = DefaultService.Builder(settings);
        foreach (var connection in new[] { "redis", "fanout" }.Where(name => both || settings.ContainsKey($"ConnectionStrings:{name}")))
        {
            Add(builder, connection);
        }

        return builder.Build();
    }

    private static void Add(WebApplicationBuilder builder, string connection)
    {
        if (connection == "redis")
        {
            builder.AddRedisClient(connection);
        }
        else
        {
            builder.AddNpgsqlDataSource(connection);
        }
    }

    private static async Task<string?> ShowAsync(NpgsqlDataSource dataSource, string setting)
    {
        await using var command = dataSource.CreateCommand($"show {setting}");
        return (string?)await command.ExecuteScalarAsync(Cancellation);
    }
}

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
    [InlineData("redis", "password=s3cr3t")]
    [InlineData("redis", "127.0.0.1:6379,password=hid,s3cr3t")]
    [InlineData("redis", "127.0.0.1:6379,password=hid,s3cr3t=x")]
    [InlineData("redis", "127.0.0.1:6379,password=hid,ssl=s3cr3t")]
    [InlineData("redis", "127.0.0.1:6379,password=\"hid,s3cr3t\"")]
    [InlineData("redis", "127.0.0.1:6379,password=hid,s3cr3t,ssl=true")]
    [InlineData("redis", "127.0.0.1:6379,password=s3cr3t ")]
    [InlineData("redis", "redis://user:s3cr3t@127.0.0.1:6379")]
    [InlineData("redis", "rediss://user:s3cr3t%40x@127.0.0.1:6379/0?x=1")]
    [InlineData("redis", "user:s3cr3t@127.0.0.1:6379")]
    [InlineData("fanout", "Host=127.0.0.1;Nonsense=1")]
    [InlineData("fanout", "Host=127.0.0.1;Password=hid;s3cr3t")]
    [InlineData("fanout", "Host=127.0.0.1;Password=hid;s3cr3t=x")]
    [InlineData("fanout", "Host=127.0.0.1;Password=hid;Port=s3cr3t")]
    [InlineData("fanout", "Host=127.0.0.1;Password=\"hid\"s3cr3t\"")]
    [InlineData("fanout", "Host=127.0.0.1;Password='s3cr3t")]
    [InlineData("fanout", "postgres://user:s3cr3t@127.0.0.1/fanout")]
    [InlineData("fanout", "postgresql://user:s3cr3t@127.0.0.1/fanout?sslmode=require")]
    public void A_malformed_connection_string_is_named_and_nothing_of_it_is_repeated(string connection, string value)
    {
        var builder = DefaultService.Builder(new() { [$"ConnectionStrings:{connection}"] = value });

        var failure = Assert.Throws<InvalidOperationException>(() => Add(builder, connection));

        Assert.Contains($"'ConnectionStrings:{connection}' is malformed", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cr3t", failure.ToString(), StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("a;b=c")]
    [InlineData("\"quoted\" 'both'")]
    [InlineData("50% @home, sweet")]
    [InlineData("{Passwörter} Łódź 東京")]
    [InlineData(" ends ")]
    [InlineData("url://a@b:c/?d=e&f")]
    public async Task Any_password_works(string password)
    {
        await using var postgres = await PostgresServer.StartAsync(new() { Password = "secret" }, Cancellation);
        await using var redis = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using (var admin = await redis.ConnectAsync())
        {
            await admin.GetDatabase().ExecuteAsync("ACL", "SETUSER", "app", "on", $">{password}", "~*", "&*", "+@all");
        }

        await using (var admin = NpgsqlDataSource.Create(postgres.ConnectionString))
        {
            await using var create = admin.CreateCommand($"create role app login password '{password.Replace("'", "''", StringComparison.Ordinal)}'");
            await create.ExecuteNonQueryAsync(Cancellation);
        }

        await using var app = Build(new()
        {
            ["ConnectionStrings:fanout"] = $"Host=127.0.0.1;Port={postgres.Port};Database=postgres;Username=app;"
                + $"Password=\"{password.Replace("\"", "\"\"", StringComparison.Ordinal)}\"",
            ["ConnectionStrings:redis"] = $"127.0.0.1:{redis.Port},user=app",
            ["Aspire:StackExchange:Redis:ConfigurationOptions:Password"] = password,
        });

        Assert.Equal("on", await ShowAsync(app.Services.GetRequiredService<NpgsqlDataSource>(), "standard_conforming_strings"));
        await app.Services.GetRequiredService<IConnectionMultiplexer>().GetDatabase().PingAsync();
    }

    [Theory]
    [InlineData(PoolMode.Session)]
    [InlineData(PoolMode.Transaction)]
    public async Task Postgres_is_used_through_a_pooler_that_refuses_start_up_options(PoolMode mode)
    {
        await using var postgres = await PostgresServer.StartAsync(new() { Password = "secret" }, Cancellation);
        await using var bouncer = await PgBouncerServer.StartAsync(postgres, mode, Cancellation);
        await using var app = Build(new() { ["ConnectionStrings:fanout"] = bouncer.ConnectionStringFor("postgres") });
        var dataSource = app.Services.GetRequiredService<NpgsqlDataSource>();

        Assert.Equal(DefaultService.Name, await ShowAsync(dataSource, "application_name"));
        var effective = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        Assert.Equal((15, true, 15, 5), (effective.KeepAlive, effective.TcpKeepAlive, effective.TcpKeepAliveTime, effective.TcpKeepAliveInterval));
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
        Assert.Equal("mine", await ShowAsync(dataSource, "application_name"));
        var effective = new NpgsqlConnectionStringBuilder(dataSource.ConnectionString);
        Assert.Equal((7, 9), (effective.KeepAlive, effective.TcpKeepAliveTime));
    }

    [Theory]
    [InlineData(null, "", 0)]
    [InlineData("32", "", 32)]
    [InlineData("32", ";Max Auto Prepare=7", 7)]
    public async Task Statements_are_prepared_where_settings_say_so(string? setting, string connectionString, int expected)
    {
        await using var app = Build(new()
        {
            ["ConnectionStrings:fanout"] = "Host=127.0.0.1" + connectionString,
            ["Postgres:MaxAutoPrepare"] = setting,
        });
        var effective = new NpgsqlConnectionStringBuilder(app.Services.GetRequiredService<NpgsqlDataSource>().ConnectionString);
        Assert.Equal(expected, effective.MaxAutoPrepare);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("many")]
    public async Task A_wrong_number_of_prepared_statements_is_named(string setting)
    {
        await using var app = Build(new() { ["ConnectionStrings:fanout"] = "Host=127.0.0.1", ["Postgres:MaxAutoPrepare"] = setting });
        var failure = Assert.Throws<InvalidOperationException>(() => app.Services.GetRequiredService<NpgsqlDataSource>());
        Assert.Contains("Postgres:MaxAutoPrepare", failure.Message, StringComparison.Ordinal);
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

        Assert.Equal(DefaultService.Name, await ShowAsync(app.Services.GetRequiredService<NpgsqlDataSource>(), "application_name"));
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
        builder.AddNpgsqlDataSource("fanout");
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
            });
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

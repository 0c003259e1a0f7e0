using FanOut.TestServers;
using Npgsql;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>The whole bus on each kind of server and pooler that docs/servers.md calls supported.</summary>
public sealed class ServerKindTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(PoolMode.Session)]
    [InlineData(PoolMode.Transaction)]
    public async Task The_whole_bus_works_through_PgBouncer(PoolMode mode)
    {
        await using var postgres = await PostgresServer.StartAsync(new PostgresServerOptions { Password = "secret" }, Cancellation);
        await using var bouncer = await PgBouncerServer.StartAsync(postgres, mode, Cancellation);
        await using var world = await BusWorld.CreateAsync(postgres: postgres);

        // In session mode each pooled connection keeps one of PgBouncer's 20 server sessions, and a client above them waits for ever.
        await using var source = NpgsqlDataSource.Create(bouncer.ConnectionStringFor(world.Database.Name) + ";Maximum Pool Size=10");

        await new WholeBusScenario(world, source).RunAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_whole_bus_works_on_a_Redis_Cluster(int masters)
    {
        await using var cluster = await RedisCluster.StartAsync(masters, Cancellation);
        var route = ConfigurationOptions.Parse(cluster.ConnectionString);
        await using var world = await BusWorld.CreateAsync(route: route);

        await new WholeBusScenario(world, redis: route).RunAsync();
    }

    [Fact]
    public async Task The_whole_bus_goes_on_after_a_failover_by_Redis_Sentinel()
    {
        await using var primary = await RedisServer.StartAsync(
            new RedisServerOptions { Settings = new Dictionary<string, string> { ["repl-diskless-sync-delay"] = "0" } }, Cancellation);
        await using var replica = await RedisServer.StartAsync(
            new RedisServerOptions { Settings = new Dictionary<string, string> { ["replicaof"] = $"127.0.0.1 {primary.Port}" } }, Cancellation);
        await using (var connection = await replica.ConnectAsync())
        {
            // Sentinel asks the primary for its replicas when it starts, and then every ten seconds.
            await BusWorld.UntilAsync(async () => await RoleAsync(connection.GetDatabase()) is ("slave", "connected"), () => "the replica's copy");
        }

        await using var sentinel = await RedisSentinel.StartAsync(primary, Cancellation);
        var route = ConfigurationOptions.Parse(sentinel.ConnectionString);
        await using var world = await BusWorld.CreateAsync(route: route);

        await new WholeBusScenario(world, redis: route.Clone())
        {
            Halfway = async () =>
            {
                await primary.KillAsync();
                await BusWorld.UntilAsync(AreMasterAsync, () => "the replica to be promoted, and the test to follow");
            },
        }.RunAsync();

        // The replica, and the server that the test's connection leads to. Sentinel ends all connections to the replica when it promotes it.
        async Task<bool> AreMasterAsync()
        {
            try
            {
                await using var connection = await replica.ConnectAsync();
                return await RoleAsync(connection.GetDatabase()) is ("master", _) && await RoleAsync(world.Redis) is ("master", _);
            }
            catch (Exception e) when (EnvironmentFault.Is(e))
            {
                return false;
            }
        }

        static async Task<(string, string?)> RoleAsync(IDatabase redis)
        {
            var role = (RedisResult[])(await redis.ExecuteAsync("ROLE"))!;
            return ((string)role[0]!, (string?)role.ElementAtOrDefault(3));
        }
    }

    [Fact]
    public async Task The_whole_bus_works_over_TLS()
    {
        using var certificate = new ServerCertificate();
        await using var redis = await RedisServer.StartAsync(new RedisServerOptions { Certificate = certificate, Password = "secret" }, Cancellation);
        await using var postgres = await PostgresServer.StartAsync(
            new PostgresServerOptions
            {
                Certificate = certificate,
                Password = "secret",
                ClientSettings = $"SSL Mode=VerifyFull;Root Certificate={certificate.AuthorityFile}",
            },
            Cancellation);
        await using var world = await BusWorld.CreateAsync(redis, postgres);
        var route = ConfigurationOptions.Parse(redis.ConnectionString);
        route.TrustIssuer(certificate.AuthorityFile);

        await new WholeBusScenario(world, redis: route).RunAsync();

        Assert.Equal(true, await world.ScalarAsync("select ssl from pg_stat_ssl where pid = pg_backend_pid()"));
    }

    [Fact]
    public async Task The_whole_bus_works_with_unusual_settings_of_the_database()
    {
        await using var world = await BusWorld.CreateAsync();
        string[] settings =
        [
            "default_transaction_isolation = 'serializable'", "default_transaction_deferrable = on", "timezone = 'Asia/Kathmandu'",
            "search_path = ''", "datestyle = 'SQL, DMY'", "intervalstyle = 'sql_standard'", "bytea_output = 'escape'", "extra_float_digits = 0",
            "standard_conforming_strings = off", "client_encoding = 'LATIN1'", "jit = on", "quote_all_identifiers = on",
        ];
        foreach (var setting in settings)
        {
            await world.ExecuteAsync($"alter database {world.Database.Name} set {setting}");
        }

        await using var source = NpgsqlDataSource.Create(world.Database.ConnectionString + ";Application Name=unusual");

        await new WholeBusScenario(world, source).RunAsync();
    }
}

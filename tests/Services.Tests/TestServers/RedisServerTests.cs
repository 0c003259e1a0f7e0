using FanOut.TestServers;
using StackExchange.Redis;
using Xunit;

namespace FanOut.Services.Tests.TestServers;

public sealed class RedisServerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_shared_server_is_started_once()
    {
        var servers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(RedisServer.SharedAsync)));

        Assert.Single(servers.Distinct());
        await using var redis = await servers[0].ConnectAsync();
        await redis.GetDatabase().PingAsync();
    }

    [Fact]
    public async Task Data_in_the_append_only_file_survives_a_kill()
    {
        await using var server = await RedisServer.StartAsync(
            new() { AppendOnly = true, AppendFsync = "always", Password = "hunter2" }, Cancellation);
        await using (var before = await server.ConnectAsync())
        {
            await before.GetDatabase().StringSetAsync("kept", "yes");
        }

        await server.KillAsync();
        Assert.False(server.IsRunning);
        await server.RestartAsync(Cancellation);

        await using var after = await server.ConnectAsync();
        Assert.Equal("yes", await after.GetDatabase().StringGetAsync("kept"));
    }

    [Fact]
    public async Task The_log_has_the_output_of_every_start()
    {
        var log = Path.Combine(Directory.CreateTempSubdirectory("fanout-log-").FullName, "redis.log");
        await using (var server = await RedisServer.StartAsync(new() { Log = log }, Cancellation))
        {
            await server.RestartAsync(Cancellation);
        }

        await Eventually.BecomesTrueAsync(
            async () => (await File.ReadAllTextAsync(log, Cancellation)).Split("Ready to accept connections").Length == 3);
        Directory.Delete(Path.GetDirectoryName(log)!, recursive: true);
    }

    [Fact]
    public async Task A_paused_server_answers_when_it_is_resumed()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var redis = await server.ConnectAsync(options => options.AsyncTimeout = 200);
        await server.PauseAsync();

        await Assert.ThrowsAsync<RedisTimeoutException>(() => redis.GetDatabase().PingAsync());

        server.Resume();
        await using var again = await server.ConnectAsync();
        await again.GetDatabase().PingAsync();
    }

    [Fact]
    public async Task Settings_reach_the_server()
    {
        var settings = new Dictionary<string, string> { ["stream-node-max-entries"] = "7" };
        await using var server = await RedisServer.StartAsync(new() { MaxMemory = "8mb", Settings = settings }, Cancellation);
        await using var redis = await server.ConnectAsync();
        var database = redis.GetDatabase();

        Assert.Equal("8388608", (string?)((RedisResult[]?)await database.ExecuteAsync("CONFIG", "GET", "maxmemory"))![1]);
        Assert.Equal("noeviction", (string?)((RedisResult[]?)await database.ExecuteAsync("CONFIG", "GET", "maxmemory-policy"))![1]);
        Assert.Equal("7", (string?)((RedisResult[]?)await database.ExecuteAsync("CONFIG", "GET", "stream-node-max-entries"))![1]);
    }

    [Fact]
    public async Task A_server_that_cannot_start_reports_the_reason()
    {
        var failure = await Assert.ThrowsAsync<TestServerException>(
            () => RedisServer.StartAsync(new() { Settings = new Dictionary<string, string> { ["no-such-directive"] = "1" } }, Cancellation));

        Assert.Contains("no-such-directive", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Disposing_removes_the_data_folder()
    {
        var server = await RedisServer.StartAsync(new() { AppendOnly = true }, Cancellation);
        Assert.True(Directory.Exists(server.Directory));

        await server.DisposeAsync();

        Assert.False(Directory.Exists(server.Directory));
        Assert.False(server.IsRunning);
    }
}

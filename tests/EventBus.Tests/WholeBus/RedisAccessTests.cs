using System.Text.RegularExpressions;
using FanOut.EventBus.Redis;
using FanOut.TestServers;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>The access control lists of docs/servers.md: they are enough, and each rule of them is missed at start, by its name.</summary>
public sealed class RedisAccessTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_whole_bus_needs_no_more_of_Redis_than_the_documented_rules()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        var rules = new[] { world.Stream.Value, $"{world.Stream}-invoices" }.SelectMany(stream => Roles.SelectMany(role => Rules(role, stream)));
        await SetUserAsync(world, rules);

        await new WholeBusScenario(world, redis: UserOptions(world)).RunAsync();

        var refused = ((RedisResult[])(await world.Redis.ExecuteAsync("ACL", "LOG"))!).Select(entry => entry.ToDictionary());
        Assert.DoesNotContain(
            refused.Select(entry => (string)entry["object"]!),
            asked => !ClientAsks.Any(known => asked.StartsWith(known, StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("order-api")]
    [InlineData("worker")]
    [InlineData("reclaimer")]
    public async Task Each_missing_rule_is_named_at_start(string role)
    {
        await using var world = await BusWorld.CreateAsync();
        var rules = Rules(role, world.Stream.Value);
        foreach (var rule in rules.Except(ClientRules))
        {
            await SetUserAsync(world, rules.Where(one => one != rule));
            await using var connection = await ConnectionMultiplexer.ConnectAsync(UserOptions(world));
            var part = role switch
            {
                "order-api" => RedisAccess.OfOutbox(world.Stream),
                "worker" => RedisAccess.OfConsumerGroup(world.Stream),
                _ => RedisAccess.OfReclaimer(world.Stream),
            };
            var lifetime = new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance);
            using var check = new RedisServerCheck(connection, [part], TimeProvider.System, lifetime, NullLogger<RedisServerCheck>.Instance);

            var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => check.StartAsync(Cancellation));

            Assert.EndsWith(
                $"Missing in its access control list: {rule}. Allow it, as an administrator: ACL SETUSER <user> {rule}",
                refused.Message,
                StringComparison.Ordinal);
        }

        Assert.Empty(await world.Redis.ExecuteAsync("KEYS", $"*{world.Stream}*") is { } keys ? (RedisResult[])keys! : []);
    }

    /// <summary>What the client asks when it connects, and does without.</summary>
    private static string[] ClientAsks => ["__Booksleeve_", "client|", "cluster|", "config|"];

    private static IEnumerable<string> Roles => ["order-api", "worker", "reclaimer"];

    /// <summary>What only the client asks, when it connects.</summary>
    private static IEnumerable<string> ClientRules => ["+ping", "+echo"];

    private static string[] Rules(string role, string stream)
    {
        var document = File.ReadAllText(Path.Combine(SourceTree.Root, "docs", "servers.md"));
        var line = Regex.Match(document, $"^user fanout-{role} on >[A-Z_]+ (?<rules>.+)$", RegexOptions.Multiline).Groups["rules"].Value;
        return line.Replace("orders", stream, StringComparison.Ordinal).Split(' ', StringSplitOptions.RemoveEmptyEntries);
    }

    private static async Task SetUserAsync(BusWorld world, IEnumerable<string> rules)
    {
        object[] arguments = ["SETUSER", world.Stream.Value, "reset", "on", ">secret", .. rules];
        await world.Redis.ExecuteAsync("ACL", arguments);
    }

    private static ConfigurationOptions UserOptions(BusWorld world)
    {
        var options = ConfigurationOptions.Parse(world.Server.ConnectionString);
        (options.User, options.Password) = (world.Stream.Value, "secret");
        return options;
    }
}

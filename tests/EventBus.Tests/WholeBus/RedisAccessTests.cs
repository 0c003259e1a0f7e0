using System.Text.RegularExpressions;
using FanOut.EventBus.Redis;
using FanOut.TestServers;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.WholeBus;

/// <summary>The users of deploy/redis/users.acl: their rules are enough, and no more, and each rule is missed at start, by its name.</summary>
public sealed partial class RedisAccessTests
{
    private static readonly string[] ServiceNames = ["order-api", "webhook-worker", "analytics-worker", "notification-worker", "reclaimer"];

    public static TheoryData<string> Services => [.. ServiceNames];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_whole_bus_needs_no_more_of_Redis_than_the_rules_of_its_services()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        var rules = new[] { world.Stream.Value, $"{world.Stream}-invoices" }
            .SelectMany(stream => ServiceNames.SelectMany(service => Rules(service, stream)));
        await SetUserAsync(world, rules);

        await new WholeBusScenario(world, redis: UserOptions(world)).RunAsync();

        var refused = ((RedisResult[])(await world.Redis.ExecuteAsync("ACL", "LOG"))!).Select(entry => entry.ToDictionary());
        Assert.DoesNotContain(
            refused.Select(entry => (string)entry["object"]!),
            asked => !ClientAsks.Any(known => asked.StartsWith(known, StringComparison.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Each_missing_rule_is_named_at_start(string service)
    {
        await using var world = await BusWorld.CreateAsync();
        var rules = Rules(service, world.Stream.Value);
        foreach (var rule in rules.Except(ClientRules))
        {
            await SetUserAsync(world, rules.Where(one => one != rule));
            await using var connection = await ConnectionMultiplexer.ConnectAsync(UserOptions(world));
            var part = service switch
            {
                "order-api" => RedisAccess.OfOutbox(world.Stream),
                "reclaimer" => RedisAccess.OfReclaimer(world.Stream),
                _ => RedisAccess.OfConsumerGroup(world.Stream),
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

    [Theory]
    [MemberData(nameof(Services))]
    public async Task Every_other_command_is_refused(string service)
    {
        await using var world = await BusWorld.CreateAsync();
        var rules = Rules(service, world.Stream.Value);
        await SetUserAsync(world, rules);
        var allowed = rules.SelectMany(rule => rule.Trim('(', ')').Split(' ')).Where(rule => rule[0] == '+').Select(rule => rule[1..]).ToHashSet();
        var commands = (await CommandsAsync(world)).ToDictionary(command => command.Name, command => command.Arity);
        Assert.Subset(commands.Keys.ToHashSet(), allowed);

        foreach (var (name, arity) in commands.Where(command => !allowed.Contains(command.Key)))
        {
            object[] call = ["DRYRUN", world.Stream.Value, .. name.Split('|'), .. Enumerable.Repeat(world.Stream.Value, Math.Abs(arity) - 1)];
            var answer = (string)(await world.Redis.ExecuteAsync("ACL", call))!;
            Assert.Contains($"no permissions to run the '{name}' command", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("order-api", "XDEL {stream} 1-0")]
    [InlineData("order-api", "XGROUP CREATE {stream} g 0")]
    [InlineData("order-api", "XREADGROUP GROUP g c STREAMS {stream} >")]
    [InlineData("order-api", "XADD {{stream}}:webhook-delivery:dlq * f v")]
    [InlineData("order-api", "UNLINK {{stream}}:webhook-delivery:dlq")]
    [InlineData("order-api", "DEL {{stream}}:lease")]
    [InlineData("order-api", "SET other v")]
    [InlineData("webhook-worker", "XADD {stream} * f v")]
    [InlineData("webhook-worker", "UNLINK {stream}")]
    [InlineData("analytics-worker", "HGET {{stream}}:lease f")]
    [InlineData("notification-worker", "FLUSHALL")]
    [InlineData("reclaimer", "XADD {stream} * f v")]
    [InlineData("reclaimer", "UNLINK {stream}")]
    [InlineData("reclaimer", "FLUSHALL")]
    public async Task A_service_cannot_do_what_another_does(string service, string call)
    {
        await using var world = await BusWorld.CreateAsync();
        await SetUserAsync(world, Rules(service, world.Stream.Value));
        var options = UserOptions(world);
        options.AllowAdmin = true;
        await using var connection = await ConnectionMultiplexer.ConnectAsync(options);
        var words = call.Replace("{stream}", world.Stream.Value, StringComparison.Ordinal).Split(' ');

        // The same from a script, which has its own way to the access control list.
        var script = $"return redis.call({string.Join(", ", words.Select(word => $"'{word}'"))})";
        var direct = await Assert.ThrowsAsync<RedisServerException>(() => connection.GetDatabase().ExecuteAsync(words[0], [.. words.Skip(1)]));
        await Assert.ThrowsAsync<RedisServerException>(() => connection.GetDatabase().ExecuteAsync("EVAL", script, 0));

        Assert.StartsWith("NOPERM", direct.Message, StringComparison.Ordinal);
        Assert.False(await world.Redis.KeyExistsAsync(world.Key));
    }

    /// <summary>What the client asks when it connects, and does without.</summary>
    private static string[] ClientAsks => ["__Booksleeve_", "client|", "cluster|", "config|"];

    /// <summary>What only the client asks, when it connects.</summary>
    private static IEnumerable<string> ClientRules => ["+ping", "+echo"];

    private static string[] Rules(string service, string stream)
    {
        var users = File.ReadAllText(Path.Combine(SourceTree.Root, "deploy", "redis", "users.acl"));
        var line = Regex.Match(users, $"^user fanout-{service} on >PASSWORD (?<rules>.+)$", RegexOptions.Multiline).Groups["rules"].Value;
        return [.. Rule().Matches(line.Replace("orders", stream, StringComparison.Ordinal)).Select(rule => rule.Value)];
    }

    private static async Task SetUserAsync(BusWorld world, IEnumerable<string> rules)
    {
        object[] arguments = ["SETUSER", world.Stream.Value, "reset", "on", ">secret", .. rules];
        await world.Redis.ExecuteAsync("ACL", arguments);
    }

    /// <summary>
    /// All commands of the server that need a permission, and their subcommands in the form <c>command|subcommand</c>. Arity counts the words of the
    /// name. What a client may call before it has logged in needs none.
    /// </summary>
    private static async Task<IEnumerable<(string Name, int Arity)>> CommandsAsync(BusWorld world)
    {
        var commands = (RedisResult[])(await world.Redis.ExecuteAsync("COMMAND"))!;
        return commands.Select(command => (RedisResult[])command!)
            .Where(command => !((string[])command[2]!).Contains("no_auth"))
            .SelectMany(command => (RedisResult[])command[9]! is { Length: > 0 } subcommands
                ? subcommands.Select(subcommand => (RedisResult[])subcommand!).Select(subcommand => ((string)subcommand[0]!, (int)subcommand[1] - 1))
                : [((string)command[0]!, (int)command[1])]);
    }

    private static ConfigurationOptions UserOptions(BusWorld world)
    {
        var options = ConfigurationOptions.Parse(world.Server.ConnectionString);
        (options.User, options.Password) = (world.Stream.Value, "secret");
        return options;
    }

    [GeneratedRegex(@"\([^)]*\)|\S+")]
    private static partial Regex Rule();
}

using System.Diagnostics;
using System.Text.Json.Nodes;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

/// <summary><c>./fanout</c>, as a person or a program calls it.</summary>
[Collection(nameof(SharedSystemGroup))]
public sealed class CommandLineTests(SharedSystem shared)
{
    [Fact]
    public async Task Status_tells_programs_what_runs_where_and_whether_it_is_healthy()
    {
        var (exitCode, output) = await FanOutProgram.RunAsync("status", "--json");

        Assert.Equal(0, exitCode);
        var resources = JsonNode.Parse(output)!["resources"]!.AsArray().ToDictionary(resource => (string)resource!["name"]!, resource => resource!.AsObject());
        Assert.Equal(["fanout", "postgres", "redis", .. RunningSystem.Services], resources.Keys.Order(StringComparer.Ordinal).OrderBy(name => RunningSystem.Services.IndexOf(name)));
        Assert.All(resources.Values, resource =>
        {
            Assert.Equal(["name", "type", "state", "health", "pid", "endpoints"], resource.Select(property => property.Key));
            Assert.Equal(("Running", "Healthy"), ((string)resource["state"]!, (string)resource["health"]!));
        });
        Assert.All(RunningSystem.Services.Append("redis"), name =>
        {
            using var process = Process.GetProcessById((int)resources[name]["pid"]!);
            Assert.StartsWith(name == "redis" ? "redis-server" : $"FanOut.{string.Concat(name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]))}", process.ProcessName, StringComparison.Ordinal);
        });
        Assert.Equal(shared.System.Orders.BaseAddress, new Uri((string)resources["order-api"]["endpoints"]!["http"]!));
        Assert.DoesNotContain("password", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Demo_places_orders_and_finds_each_done_exactly_once_in_every_group()
    {
        var (exitCode, output) = await FanOutProgram.RunAsync("demo", "--orders", "200", "--json");

        var result = JsonNode.Parse(output)!;
        Assert.Equal((200, 200, 0), ((int)result["orders"]!, (int)result["placed"]!, (int)result["refused"]!));
        var groups = result["groups"]!.AsArray();
        Assert.Equal(["webhook-delivery", "analytics-pipeline", "notification-sender"], groups.Select(group => (string)group!["group"]!));
        Assert.All(groups, group =>
        {
            Assert.Equal((200, 200), ((int)group!["events"]!, (int)group["effects"]!));
            Assert.Equal((0, 0, 0), ((int)group["missing"]!, (int)group["over"]!, (int)group["deadLetters"]!));
            Assert.True((double)group["p50Ms"]! <= (double)group["p99Ms"]!);
        });
        Assert.Equal(0, exitCode);
    }

    [Fact]
    public async Task Verify_finds_every_order_done_exactly_once_and_names_one_whose_effect_was_taken_away_or_doubled()
    {
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => new OrderClient(shared.System.Orders).PlaceAsync(NewOrder.From())));
        var (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json", "--wait", "60");

        var books = JsonNode.Parse(output)!;
        Assert.True(exitCode == 0, output);
        Assert.Equal((0, true, true), ((int)books["problemCount"]!, (bool)books["isExact"]!, (bool)books["isDrained"]!));
        Assert.True((long)books["orders"]! >= 20);
        Assert.Equal((long)books["orders"]!, (long)books["published"]!);
        Assert.All(books["groups"]!.AsArray(), group => Assert.True((long)group!["done"]! >= (long)group["effects"]!));

        await ExecuteAsync(
            $"""
            create table analytics.taken as select * from analytics.order_effect where subject = '{orders[3]}';
            delete from analytics.order_effect where subject = '{orders[3]}';
            insert into webhooks.events (event_id, type, subject, effected_at) select event_id, type, subject, effected_at from webhooks.events where subject = '{orders[5]}';
            """);
        try
        {
            (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json");
        }
        finally
        {
            await ExecuteAsync(
                $"""
                insert into analytics.order_effect select * from analytics.taken;
                drop table analytics.taken;
                delete from webhooks.events where id = (select max(id) from webhooks.events where subject = '{orders[5]}');
                """);
        }

        var problems = JsonNode.Parse(output)!["problems"]!.AsArray();
        Assert.Equal(1, exitCode);
        Assert.Contains(problems, problem => ((string?)problem!["kind"], (string?)problem["group"], (string?)problem["order"]) == ("missing", "analytics-pipeline", orders[3].ToString()));
        Assert.Contains(problems, problem => ((string?)problem!["kind"], (string?)problem["group"], (string?)problem["order"]) == ("doubled", "webhook-delivery", orders[5].ToString()));
        (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json");
        Assert.True(exitCode == 0, output);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = shared.System.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

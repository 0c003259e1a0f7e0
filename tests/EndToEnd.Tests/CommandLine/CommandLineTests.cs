using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

/// <summary>The commands of <c>./fanout</c> on a running system.</summary>
[Collection(nameof(SharedSystemGroup))]
public sealed class CommandLineTests(SharedSystem shared)
{
    [Fact]
    public async Task Status_reports_each_resource_as_JSON()
    {
        var (exitCode, output) = await FanOutProgram.RunAsync("status", "--json");

        Assert.Equal(0, exitCode);
        var resources = JsonNode.Parse(output)!["resources"]!.AsArray()
            .ToDictionary(resource => (string)resource!["name"]!, resource => resource!.AsObject());
        Assert.Equal(RunningSystem.Services.Concat(["fanout", "migrator", "postgres", "redis"]).Order(), resources.Keys.Order());
        Assert.All(resources.Values, resource =>
        {
            Assert.Equal(["name", "type", "state", "health", "pid", "endpoints"], resource.Select(property => property.Key));
            Assert.Equal(
                (string)resource["name"]! == "migrator" ? ("Finished", "Completed") : ("Running", "Healthy"),
                ((string)resource["state"]!, (string)resource["health"]!));
        });
        Assert.All(RunningSystem.Services.Append("redis"), name =>
        {
            using var process = Process.GetProcessById((int)resources[name]["pid"]!);
            var project = string.Concat(name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
            Assert.StartsWith(name == "redis" ? "redis-server" : $"FanOut.{project}", process.ProcessName, StringComparison.Ordinal);
        });
        Assert.Equal(shared.System.Orders.BaseAddress, new Uri((string)resources["order-api"]["endpoints"]!["http"]!));
        Assert.DoesNotContain("password", output, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_key_is_created_alone_listed_without_its_secret_and_revoked()
    {
        var (exitCode, output) = await FanOutProgram.RunAsync("keys", "create", "--scope", "orders:read", "--quiet");
        Assert.True(exitCode == 0, output);
        Assert.Matches(@"^fanout_[A-Za-z0-9]{10}\.[A-Za-z0-9_-]{43}\n$", output);
        var (id, secret) = (output.Split('.')[0], output.Trim().Split('.')[1]);
        using var http = new HttpClient { BaseAddress = shared.System.Orders.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new("Bearer", output.Trim());
        Assert.Equal(HttpStatusCode.OK, await StatusAsync());

        var (_, list) = await FanOutProgram.RunAsync("keys", "list", "--json");
        var key = Assert.Single(JsonNode.Parse(list)!.AsArray(), each => (string?)each!["id"] == id)!;
        Assert.Equal("default", (string?)key["owner"]);
        Assert.NotNull(key["lastUsedAt"]);
        Assert.DoesNotContain(secret, list, StringComparison.Ordinal);

        Assert.Equal(0, (await FanOutProgram.RunAsync("keys", "revoke", id)).ExitCode);
        await Eventually.GetAsync(StatusAsync, status => status == HttpStatusCode.Unauthorized, status => $"A revoked key is answered {status}.");
        var (missing, _, errors) = await FanOutProgram.RunFullyAsync("keys", "revoke", "fanout_none.secret");
        Assert.Equal((1, "fanout: There is no key fanout_none: see ./fanout keys list.\n"), (missing, errors));

        async Task<HttpStatusCode> StatusAsync()
        {
            using var answer = await http.GetAsync(new Uri("/orders", UriKind.Relative), TestContext.Current.CancellationToken);
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task Demo_reports_one_effect_per_order_and_group_though_the_API_is_killed()
    {
        var ledger = new EffectLedger(shared.System);
        var before = (await ledger.AllSubjectsAsync(Group.Analytics)).Length;
        var demo = FanOutProgram.RunAsync("demo", "--orders", "200", "--rate", "100", "--json");
        await Eventually.GetAsync(
            async () => (await ledger.AllSubjectsAsync(Group.Analytics)).Length, count => count > before, _ => "The demo places no orders.");
        await shared.System.KillAsync("order-api", TestContext.Current.CancellationToken);
        var (exitCode, output) = await demo;

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
    public async Task Verify_reports_a_missing_and_a_duplicated_effect()
    {
        var orders = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => new OrderClient(shared.System.Orders).PlaceAsync(NewOrder.From())));
        var (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json", "--wait", "60");

        var totals = JsonNode.Parse(output)!;
        Assert.True(exitCode == 0, output);
        Assert.Equal((0, true, true), ((int)totals["problemCount"]!, (bool)totals["isExact"]!, (bool)totals["isDrained"]!));
        Assert.True((long)totals["orders"]! >= 20);
        Assert.Equal((long)totals["orders"]!, (long)totals["outboxEvents"]!);
        Assert.All(totals["groups"]!.AsArray(), group => Assert.True((long)group!["done"]! >= (long)group["effects"]!));

        await ExecuteAsync(
            $"""
            create table analytics.removed as select * from analytics.order_effect where subject = '{orders[3]}';
            delete from analytics.order_effect where subject = '{orders[3]}';
            insert into webhooks.events (event_id, type, subject, effected_at)
                select event_id, type, subject, effected_at from webhooks.events where subject = '{orders[5]}';
            """);
        try
        {
            (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json");
        }
        finally
        {
            await ExecuteAsync(
                $"""
                insert into analytics.order_effect select * from analytics.removed;
                drop table analytics.removed;
                delete from webhooks.events where id = (select max(id) from webhooks.events where subject = '{orders[5]}');
                """);
        }

        var problems = JsonNode.Parse(output)!["problems"]!.AsArray();
        Assert.Equal(1, exitCode);
        var named = problems.Select(problem => ((string?)problem!["kind"], (string?)problem["group"], (string?)problem["order"])).ToArray();
        Assert.Contains(("missing", "analytics-pipeline", orders[3].ToString()), named);
        Assert.Contains(("doubled", "webhook-delivery", orders[5].ToString()), named);
        (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json");
        Assert.True(exitCode == 0, output);
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = shared.System.Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FanOut.Contracts;
using FanOut.Contracts.Webhooks;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using Xunit;

namespace FanOut.EndToEnd.Tests.CommandLine;

/// <summary><c>./fanout customer erase</c> on a running system.</summary>
[Collection(nameof(SharedSystemGroup))]
public sealed class EraseTests(SharedSystem shared)
{
    // In no log, table or file before this test.
    private readonly string _marker = $"m{Guid.NewGuid():n}";

    private RunningSystem System => shared.System;

    private string MailFolder => RunningSystem.MailFolderIn(System.Folder);

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_erased_customer_is_nowhere_and_nothing_else_has_changed()
    {
        var customer = new Customer($"O'{_marker}", $"\"{_marker}\"; drop table", $"{_marker}@bücher.example");
        var order = NewOrder.From() with { Customer = customer };
        var failing = NewOrder.From() with { Customer = customer with { Email = $"refused-{_marker}@bücher.example" } };
        var endpoint = await System.Webhooks.CreateEndpointAsync(new CreateEndpoint(shared.Webhooks.Url), Cancellation);
        try
        {
            var id = await new OrderClient(System.Orders).PlaceAsync(order, _marker[..20]);
            var refused = await DieAsync(failing);
            await DrainedAsync();
            Assert.NotEmpty(await PlacesAsync());

            var unconfirmed = await EraseAsync("--email", customer.Email);
            var byEmail = await EraseAsync(
                "--email", $"{_marker.ToUpperInvariant()}@XN--BCHER-KVA.example", "--yes", "--mail-folder", MailFolder);
            var byId = await EraseAsync("--id", customer.Id, "--yes", "--json");
            var again = await EraseAsync("--id", customer.Id, "--yes");

            Assert.Equal(1, unconfirmed.ExitCode);
            Assert.True(byEmail.ExitCode == 0, byEmail.Output + byEmail.Errors);
            Assert.True(byId.ExitCode == 0, byId.Output + byId.Errors);
            var table = JsonNode.Parse(byId.Output)!;
            Assert.Equal((1, 1, 1, 0), ((int)table["orders"]!, (int)table["events"]!, (int)table["deadLetters"]!, (int)table["open"]!));
            Assert.Equal(1, (int)table["deadLetterCopies"]!);
            Assert.Equal(1, again.ExitCode);
            Assert.Contains("There is no order of this customer", again.Errors, StringComparison.Ordinal);
            Assert.Empty(await PlacesAsync());

            // The same request again is known, and brings nothing back.
            Assert.Equal(id, await new OrderClient(System.Orders).PlaceAsync(order, _marker[..20]));
            var kept = await System.Orders.GetFromJsonAsync<JsonNode>($"/orders/{refused}", Cancellation);
            Assert.Equal(("erased", 24.20m), ((string)kept!["customer"]!["id"]!, (decimal)kept["total"]!));
            Assert.Empty(await PlacesAsync());
            var (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json", "--wait", "60");
            Assert.True(exitCode == 0, output);

            // The dead letter can still be redriven.
            var redriven = await FanOutProgram.RunAsync("dlq", "redrive", "--subject", refused.ToString());
            Assert.True(redriven.ExitCode == 0, redriven.Output);
            await DrainedAsync();
            Assert.Equal(0L, await CountAsync($"bus.retry where subject = '{refused}'"));
        }
        finally
        {
            await System.Webhooks.DeleteEndpointAsync(endpoint.Id, Cancellation);
        }
    }

    [Fact]
    public async Task Orders_that_are_still_being_handled_are_left_and_named()
    {
        var customer = new Customer(_marker, _marker, $"{_marker}@example.com");
        await new OrderClient(System.Orders).PlaceAsync(NewOrder.From() with { Customer = customer });
        await DrainedAsync();
        var mails = $"where recipient = '{customer.Email}'";
        await ExecuteAsync($"update notifications.emails set state = 'pending', due_at = now() + interval '1 h' {mails}");

        var early = await EraseAsync("--id", customer.Id, "--yes");
        await ExecuteAsync($"update notifications.emails set due_at = now() {mails}");
        await Eventually.GetAsync(
            () => CountAsync($"notifications.emails {mails} and state = 'sent'"), count => count == 1, count => $"{count} sent");
        string[] erase = ["--id", customer.Id, "--yes", "--mail-folder", MailFolder];
        var both = await Task.WhenAll(EraseAsync(erase), EraseAsync(erase));

        Assert.Equal(1, early.ExitCode);
        Assert.Contains("1 orders are still being handled", early.Output, StringComparison.Ordinal);
        Assert.Contains(both, one => one.ExitCode == 0);
        Assert.Empty(await PlacesAsync());
    }

    private static Task<(int ExitCode, string Output, string Errors)> EraseAsync(params string[] arguments) =>
        FanOutProgram.RunFullyAsync(["customer", "erase", .. arguments]);

    /// <summary>Places an order whose mail becomes a dead letter, with a copy in Redis.</summary>
    private async Task<Guid> DieAsync(PlaceOrder order)
    {
        await ExecuteAsync(
            $"""
            create function notifications.refuse_erased() returns trigger language plpgsql
                as $$ begin raise exception 'no mail for %', new.recipient; end $$;
            create trigger refuse_erased before insert on notifications.emails
                for each row when (new.recipient = '{order.Customer.Email}') execute function notifications.refuse_erased();
            """);
        try
        {
            var id = await new OrderClient(System.Orders).PlaceAsync(order);
            await Eventually.GetAsync(
                () => CountAsync($"bus.retry where subject = '{id}' and state = 'dead' and mirrored"),
                count => count == 1,
                count => $"{count} dead letters");
            return id;
        }
        finally
        {
            await ExecuteAsync("drop trigger refuse_erased on notifications.emails; drop function notifications.refuse_erased();");
        }
    }

    /// <summary>The tables, streams in Redis and mail files that have the marker.</summary>
    private async Task<List<string>> PlacesAsync()
    {
        var places = new List<string>();
        var tables = new List<string>();
        await using (var command = System.Database.CreateCommand(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"))
        await using (var reader = await command.ExecuteReaderAsync(Cancellation))
        {
            while (await reader.ReadAsync(Cancellation))
            {
                tables.Add(reader.GetString(0));
            }
        }

        // A row as text shows bytes in hexadecimal. The idempotency key is the client's own, and no personal data.
        var hexadecimal = Convert.ToHexStringLower(global::System.Text.Encoding.UTF8.GetBytes(_marker));
        foreach (var table in tables.Where(table => table != "orders.idempotency_keys"))
        {
            if (await CountAsync($"{table} t where t::text ilike '%{_marker}%' or t::text like '%{hexadecimal}%'") > 0)
            {
                places.Add(table);
            }
        }

        var server = System.Redis.GetServers()[0];
        await foreach (var key in server.KeysAsync(pattern: "*orders*").WithCancellation(Cancellation))
        {
            if (await System.Redis.GetDatabase().KeyTypeAsync(key) == StackExchange.Redis.RedisType.Stream
                && (await System.Redis.GetDatabase().StreamRangeAsync(key)).Any(entry =>
                    entry.Values.Any(field => field.Value.ToString().Contains(_marker, StringComparison.Ordinal))))
            {
                places.Add(key.ToString());
            }
        }

        foreach (var file in Directory.Exists(MailFolder) ? Directory.GetFiles(MailFolder) : [])
        {
            if ((await File.ReadAllTextAsync(file, Cancellation)).Contains(_marker, StringComparison.Ordinal))
            {
                places.Add(file);
            }
        }

        return places;
    }

    private async Task DrainedAsync()
    {
        var (exitCode, output) = await FanOutProgram.RunAsync("verify", "--json", "--wait", "60");
        Assert.True(exitCode == 0, output);
        await Eventually.GetAsync(
            async () => await CountAsync("notifications.emails where state = 'pending'")
                + await CountAsync("webhooks.deliveries where state = 'pending'"),
            count => count == 0,
            count => $"{count} pending");
    }

    private async Task<long> CountAsync(string rows)
    {
#pragma warning disable CA2100
        await using var command = System.Database.CreateCommand($"select count(*) from {rows}");
#pragma warning restore CA2100
        return (long)(await command.ExecuteScalarAsync(Cancellation))!;
    }

    private async Task ExecuteAsync(string sql)
    {
#pragma warning disable CA2100
        await using var command = System.Database.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(Cancellation);
    }
}

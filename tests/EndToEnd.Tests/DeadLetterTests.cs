using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
using StackExchange.Redis;
using Xunit;

namespace FanOut.EndToEnd.Tests;

[Collection(nameof(SharedSystemGroup))]
public sealed class DeadLetterTests(SharedSystem shared)
{
    private readonly RunningSystem _system = shared.System;
    private readonly EffectLedger _ledger = new(shared.System);
    private readonly OrderClient _client = new(shared.System.Orders);

    [Fact]
    public async Task A_malformed_entry_becomes_a_dead_letter_in_every_group()
    {
        var entry = (string)(await _system.Redis.GetDatabase().StreamAddAsync("orders", "nonsense", "1"))!;
        var orders = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _client.PlaceAsync(NewOrder.From())));

        foreach (var group in Group.All)
        {
            var letter = await LetterAsync(group, entry);
            Assert.Equal("1", letter["nonsense"]);
            Assert.Equal("Not an event: the entry lacks the field(s) 'id', 'type', 'time', 'data'.", letter["dlq-error"]);
            Assert.Equal(("Not an event: the entry lacks the field(s) 'id', 'type', 'time', 'data'.", 1), await RecordAsync(group, entry));
        }

        await _ledger.AssertOnceInEachGroupAsync(orders);
    }

    [Fact]
    public async Task A_failing_event_becomes_a_dead_letter_in_its_group_after_three_deliveries()
    {
        const string Failing = "failing@example.com";
        await WhileRefusedAsync(Failing, async () =>
        {
            // The others of its batch must not be affected.
            var orders = await _client.PlaceBatchAsync([NewOrder.From(), NewOrder.From(Failing), NewOrder.From(), NewOrder.From(), NewOrder.From()]);
            var failing = orders[1];

            var entry = await EntryOfAsync(failing);
            var letter = await LetterAsync(Group.Notifications, entry);
            Assert.Equal(failing.ToString(), letter["subject"]);
            Assert.Equal("3", letter["dlq-deliveries"]);
            Assert.Contains($"no mail for {Failing}", letter["dlq-error"], StringComparison.Ordinal);
            var (error, deliveries) = await RecordAsync(Group.Notifications, entry);
            Assert.Equal((letter["dlq-error"], 3), (error, deliveries));
            // The first delivery is part of a batch, which has one span.
            Assert.Equal(["2", "3"], await DeliveriesAsync(letter["id"]));

            Guid[] others = [.. orders.Where(order => order != failing)];
            var next = await _client.PlaceAsync(NewOrder.From());
            await _ledger.AssertOnceAsync(Group.Notifications, [.. others, next]);
            await _ledger.AssertOnceAsync(Group.Webhooks, [.. orders, next]);
            await _ledger.AssertOnceAsync(Group.Analytics, [.. orders, next]);
            Assert.Empty(await _ledger.SubjectsAsync(Group.Notifications, [failing.ToString()]));
            Assert.Single(await LettersAsync(failing));
        });
    }

    [Fact]
    public async Task The_redrive_command_delivers_dead_letters_again()
    {
        const string Delayed = "delayed@example.com";
        Guid order = default;
        await WhileRefusedAsync(Delayed, async () =>
        {
            order = (await _client.PlaceBatchAsync([NewOrder.From(Delayed), NewOrder.From(), NewOrder.From()]))[0];
            await LetterAsync(Group.Notifications, await EntryOfAsync(order));
        });

        // The dead letter is on the DLQ stream a moment before its record says so, and only then can it be redriven.
        await Eventually.GetAsync(
            () => LettersAsync(order),
            letters => letters is [("dead", true, null)],
            letters => $"The dead letter of order {order} cannot be redriven yet: {string.Join(", ", letters)}.");
        await _system.RunCommandAsync("reclaimer", "redrive-dead-letters", TestContext.Current.CancellationToken);

        await _ledger.AssertOnceInEachGroupAsync([order]);
        Assert.Equal([("redriven", true, "dashboard")], await LettersAsync(order));
    }

    /// <summary>The fields of the entry's dead letter on the group's DLQ stream.</summary>
    private async Task<Dictionary<string, string>> LetterAsync(Group group, string entry)
    {
        var key = $"{{orders}}:{group.Name}:dlq";
        var letters = await Eventually.GetAsync(
            async () => (await _system.Redis.GetDatabase().StreamRangeAsync(key)).Where(letter => letter["dlq-entry"] == entry).ToArray(),
            letters => letters.Length > 0,
            _ => $"{key} has no dead letter of entry {entry}.");
        var letter = Assert.Single(letters).Values.ToDictionary(field => (string)field.Name!, field => (string)field.Value!);
        Assert.Equal(group.Name, letter["dlq-group"]);
        return letter;
    }

    private async Task<(string Error, int Deliveries)> RecordAsync(Group group, string entry)
    {
        var parts = entry.Split('-').Select(part => long.Parse(part, System.Globalization.CultureInfo.InvariantCulture)).ToArray();
        await using var command = _system.Database.CreateCommand(
            """select error, deliveries from bus.dead_letters where stream = 'orders' and "group" = $1 and entry = $2 and state = 'dead'""");
        command.Parameters.AddWithValue(group.Name);
        command.Parameters.AddWithValue((parts[0] << 20) + parts[1]);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        var record = (reader.GetString(0), reader.GetInt32(1));
        Assert.False(await reader.ReadAsync(TestContext.Current.CancellationToken));
        return record;
    }

    /// <summary>The recorded dead letters of an order's events.</summary>
    private async Task<List<(string State, bool IsProjected, string? By)>> LettersAsync(Guid order)
    {
        await using var command = _system.Database.CreateCommand(
            "select state, projected_at is not null, state_changed_by from bus.dead_letters where subject = $1");
        command.Parameters.AddWithValue(order.ToString());
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var letters = new List<(string, bool, string?)>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            letters.Add((reader.GetString(0), reader.GetBoolean(1), reader.GetValue(2) as string));
        }

        return letters;
    }

    private async Task<string> EntryOfAsync(Guid order)
    {
        var redis = _system.Redis.GetDatabase();
        var entries = await Eventually.GetAsync(
            async () => (await redis.StreamRangeAsync("orders", messageOrder: Order.Descending, count: 100))
                .Where(entry => entry["subject"] == order.ToString()).ToArray(),
            entries => entries.Length > 0,
            _ => $"Order {order} is not on the stream.");
        return (string)Assert.Single(entries).Id!;
    }

    /// <summary>The numbers of an event's deliveries to the notification group, from its spans.</summary>
    private async Task<string[]> DeliveriesAsync(string eventId)
    {
        var spans = await Eventually.GetAsync(
            () => Task.FromResult(shared.Otlp.Spans
                .Where(span => span.Tag("messaging.message.id") == eventId)
                .Where(span => span.Tag("messaging.consumer.group.name") == Group.Notifications.Name).ToArray()),
            spans => spans.Length >= 2,
            spans => $"{spans.Length} deliveries of event {eventId} were traced.");
        return [.. spans.Select(span => span.Tag("fanout.delivery")!).Order(StringComparer.Ordinal)];
    }

    /// <summary>Makes every mail to the recipient fail while the body runs.</summary>
    private async Task WhileRefusedAsync(string recipient, Func<Task> body)
    {
        await ExecuteAsync(
            $"""
            create function notifications.refuse() returns trigger language plpgsql
                as $$ begin raise exception 'no mail for %', new.recipient; end $$;
            create trigger refuse before insert on notifications.emails
                for each row when (new.recipient = '{recipient}') execute function notifications.refuse();
            """);
        try
        {
            await body();
        }
        finally
        {
            await ExecuteAsync("drop trigger refuse on notifications.emails; drop function notifications.refuse();");
        }
    }

    private async Task ExecuteAsync(string sql)
    {
#pragma warning disable CA2100
        await using var command = _system.Database.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
    }
}

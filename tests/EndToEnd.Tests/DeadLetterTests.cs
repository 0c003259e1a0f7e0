using FanOut.Contracts;
using FanOut.EndToEnd.Tests.Orders;
using FanOut.EndToEnd.Tests.Running;
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
        const string Error = "Not an event: the entry lacks the field(s) 'position', 'id', 'type', 'time', 'data'.";
        var nonsense = Guid.NewGuid().ToString();
        var entry = (string)(await _system.Redis.GetDatabase().StreamAddAsync(EventStreams.Orders, "nonsense", nonsense))!;
        var orders = await Task.WhenAll(Enumerable.Range(0, 5).Select(_ => _client.PlaceAsync(NewOrder.From())));

        foreach (var group in Group.All)
        {
            var letter = await LetterAsync(group, "nonsense", nonsense);
            Assert.Equal(Error, letter["dlq-error"]);
            Assert.Equal("", letter["dlq-position"]);
            Assert.Equal((entry, Error, 0), await RecordAsync(letter));
        }

        await _ledger.AssertOnceInEachGroupAsync(orders);
    }

    [Fact]
    public async Task A_failing_event_becomes_a_dead_letter_in_its_group_after_four_deliveries()
    {
        const string Failing = "failing@example.com";
        await RefusedMails.WhileAsync(_system, Failing, async () =>
        {
            // The others of its batch must not be affected.
            var orders = await _client.PlaceBatchAsync([NewOrder.From(), NewOrder.From(Failing), NewOrder.From(), NewOrder.From(), NewOrder.From()]);
            var failing = orders[1];

            var letter = await LetterAsync(Group.Notifications, "subject", failing.ToString());
            Assert.Equal("4", letter["dlq-attempts"]);
            Assert.Contains($"no mail for {Failing}", letter["dlq-error"], StringComparison.Ordinal);
            var (_, error, attempts) = await RecordAsync(letter);
            Assert.Equal((letter["dlq-error"], 4), (error, attempts));
            Assert.Equal(["1", "2", "3", "4"], await DeliveriesAsync(letter["id"]));

            Guid[] others = [.. orders.Where(order => order != failing)];
            var next = await _client.PlaceAsync(NewOrder.From());
            await _ledger.AssertOnceAsync(Group.Notifications, [.. others, next]);
            await _ledger.AssertOnceAsync(Group.Webhooks, [.. orders, next]);
            await _ledger.AssertOnceAsync(Group.Analytics, [.. orders, next]);
            Assert.Empty(await _ledger.SubjectsAsync(Group.Notifications, [failing.ToString()]));
            Assert.Equal(["dead"], await RetriesAsync(failing));
        });
    }

    [Fact]
    public async Task The_redrive_command_delivers_dead_letters_again()
    {
        const string Delayed = "delayed@example.com";
        Guid order = default;
        await RefusedMails.WhileAsync(_system, Delayed, async () =>
        {
            order = (await _client.PlaceBatchAsync([NewOrder.From(Delayed), NewOrder.From(), NewOrder.From()]))[0];
            await Eventually.GetAsync(
                () => RetriesAsync(order),
                states => states is ["dead"],
                states => $"Order {order} has no dead letter, but: {string.Join(", ", states)}.");
        });

        await _system.RunCommandAsync("reclaimer", "redrive-dead-letters", TestContext.Current.CancellationToken);

        await _ledger.AssertOnceInEachGroupAsync([order]);
        Assert.Empty(await RetriesAsync(order));
    }

    /// <summary>The fields of a dead letter on the group's DLQ stream, found by one of them.</summary>
    private async Task<Dictionary<string, string>> LetterAsync(Group group, string field, string value)
    {
        var key = $"{{{EventStreams.Orders}}}:{group.Name}:dlq";
        var letters = await Eventually.GetAsync(
            async () => (await _system.Redis.GetDatabase().StreamRangeAsync(key)).Where(letter => letter[field] == value).ToArray(),
            letters => letters.Length > 0,
            _ => $"{key} has no dead letter with {field} {value}.");
        var letter = Assert.Single(letters).Values.ToDictionary(field => (string)field.Name!, field => (string)field.Value!);
        Assert.Equal(group.Name, letter["dlq-group"]);
        return letter;
    }

    /// <summary>What Postgres has of a dead letter.</summary>
    private async Task<(string? Entry, string Error, int Attempts)> RecordAsync(Dictionary<string, string> letter)
    {
        await using var command = _system.Database.CreateCommand(
            "select entry_id, error, attempts from bus.retry where number = $1::int8 and state = 'dead'");
        command.Parameters.AddWithValue(letter["dlq-number"]);
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        Assert.True(await reader.ReadAsync(TestContext.Current.CancellationToken));
        return (reader.GetValue(0) as string, reader.GetString(1), reader.GetInt32(2));
    }

    /// <summary>The states of an order's rows in the retry queue.</summary>
    private async Task<List<string>> RetriesAsync(Guid order)
    {
        await using var command = _system.Database.CreateCommand("select state from bus.retry where subject = $1");
        command.Parameters.AddWithValue(order.ToString());
        await using var reader = await command.ExecuteReaderAsync(TestContext.Current.CancellationToken);
        var states = new List<string>();
        while (await reader.ReadAsync(TestContext.Current.CancellationToken))
        {
            states.Add(reader.GetString(0));
        }

        return states;
    }

    /// <summary>
    /// The numbers of an event's deliveries to the notification group, from its spans. A delivery has further spans where its batch is
    /// halved and tried again.
    /// </summary>
    private async Task<string[]> DeliveriesAsync(string eventId) => await Eventually.GetAsync(
        () => Task.FromResult(shared.Otlp.Spans
            .Where(span => span.Tag("messaging.message.id") == eventId)
            .Where(span => span.Tag("messaging.consumer.group.name") == Group.Notifications.Name)
            .Select(span => span.Tag("fanout.delivery")!).Distinct().Order(StringComparer.Ordinal).ToArray()),
        deliveries => deliveries.Length >= 4,
        deliveries => $"Of event {eventId} only these deliveries were traced: {string.Join(", ", deliveries)}.");
}

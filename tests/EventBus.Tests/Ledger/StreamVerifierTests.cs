using System.Data;
using FanOut.EventBus.Consuming;
using FanOut.EventBus.Groups;
using FanOut.EventBus.Ledger;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Tests.Publishing;
using FanOut.EventBus.Wire;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Ledger;

/// <summary>A verifier is worth what it finds: each kind of loss is made here, and must be named.</summary>
public sealed class StreamVerifierTests
{
    private const string Group = "billing";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Books_say_where_every_event_is()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await RegisterAsync(world);
        await using (var leader = await world.LeadByHandAsync())
        {
            await world.AddAsync(100);
            await leader.PublishAsync();
        }

        var read = await world.Redis.StreamReadGroupAsync(world.Key, Group, "lane", ">", 30);
        foreach (var id in read[..4].Select(entry => entry.Id))
        {
            await world.Redis.ExecuteAsync("XCLAIM", world.Key, Group, StreamKeys.ParkedConsumer, 0, id, "JUSTID");
        }

        await DoneAsync(world, read[20..]);
        await world.Redis.StreamAcknowledgeAsync(world.Key, Group, [.. read[20..].Select(entry => entry.Id)]);
        await world.AddAsync(7, first: 101);

        var verification = await VerifyAsync(world);

        Assert.Equal((107, 100, 7, 100, 0), (verification.OutboxEvents, verification.Published, verification.Unpublished, verification.OnStream, verification.Foreign));
        var books = Assert.Single(verification.Groups);
        Assert.Equal((10, 70, 16, 4, 0, 0), (books.Done, books.Undelivered, books.Pending, books.Parked, books.Redriven, books.Missing));
        Assert.Empty(verification.Findings);
        Assert.False(verification.IsDrained);
    }

    [Fact]
    public async Task While_everything_is_in_motion_nothing_is_taken_for_lost()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var relay = await world.StartRelayAsync(options => options.BatchSize = 50);
        await world.Bus.StartWorkerAsync(Group, configure: options => options.BatchSize = 20);
        var writing = Task.Run(
            async () =>
            {
                for (var round = 0; round < 40; round++)
                {
                    await world.AddAsync(50, (round * 50) + 1);
                }
            },
            Cancellation);

        StreamVerification verification;
        var looks = 0;
        do
        {
            verification = await VerifyAsync(world);
            looks++;
            Assert.Empty(verification.Findings);
            Assert.Equal(0, verification.FindingCount);
        }
        while (!writing.IsCompleted || !verification.IsDrained || verification.Published < 2_000);

        await writing;
        Assert.True(looks > 1);
        Assert.Equal(2_000, Assert.Single(verification.Groups).Done);
        await OutboxWorld.StopAsync(relay);
    }

    [Fact]
    public async Task An_event_that_was_deleted_before_a_group_had_it_is_named_for_the_stream_and_for_the_group()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await RegisterAsync(world);
        await PublishAsync(world, 40);
        var doomed = (await world.EntriesAsync())[7];
        await world.Redis.StreamDeleteAsync(world.Key, [doomed.Id]);
        var read = await world.Redis.StreamReadGroupAsync(world.Key, Group, "lane", ">", 100);
        await DoneAsync(world, read);
        await world.Redis.StreamAcknowledgeAsync(world.Key, Group, [.. read.Select(entry => entry.Id)]);

        var verification = await VerifyAsync(world);

        Assert.Equal(2, verification.FindingCount);
        Assert.All(verification.Findings, finding => Assert.Equal(
            (VerificationFindingKind.Missing, EntryId.Parse(doomed.Id!), Guid.Parse((string)doomed[EventFields.Id]!), (string)doomed[EventFields.Subject]!),
            (finding.Kind, finding.Entry, finding.EventId, finding.Subject)));
        Assert.Equal([null, new GroupName(Group)], verification.Findings.Select(finding => finding.Group));
        Assert.Equal((39, 1), (Assert.Single(verification.Groups).Done, verification.Groups[0].Missing));
    }

    [Fact]
    public async Task An_event_whose_consumer_was_deleted_by_hand_is_named()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await RegisterAsync(world);
        await PublishAsync(world, 40);
        await world.Redis.StreamReadGroupAsync(world.Key, Group, "lost", ">", 12);
        await world.Redis.ExecuteAsync("XGROUP", "DELCONSUMER", world.Key, Group, "lost");

        var verification = await VerifyAsync(world);

        Assert.Equal(12, verification.FindingCount);
        Assert.All(verification.Findings, finding => Assert.Equal((VerificationFindingKind.Missing, new GroupName(Group)), (finding.Kind, finding.Group)));
        Assert.Equal((28, 12), (Assert.Single(verification.Groups).Undelivered, verification.Groups[0].Missing));
    }

    [Fact]
    public async Task An_event_that_the_relay_passed_over_is_named()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await PublishAsync(world, 10);
        await world.ExecuteAsync("update bus.relay_batch set positions = positions - int8multirange(int8range(4, 5)), event_count = event_count - 1, live_count = live_count - 1, total = total - 1");
        Assert.DoesNotContain((await VerifyAsync(world)).Findings, finding => finding.Kind == VerificationFindingKind.Stuck);
        await world.ExecuteAsync("update bus.relay_batch set fixed_at = now() - interval '61 seconds'");

        var verification = await VerifyAsync(world);

        Assert.Equal(1, verification.Unpublished);
        Assert.Contains(verification.Findings, finding => finding is { Kind: VerificationFindingKind.Stuck, Subject: "ping-4" });
    }

    [Fact]
    public async Task An_event_that_was_published_under_two_ids_is_named()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await PublishAsync(world, 10);
        await world.ExecuteAsync(
            """
            insert into bus.relay_batch (ms, predecessor, positions, event_count, live_count, total, highest, gaps, gaps_from, checksum)
            select ms + 1, ms, int8multirange(int8range(3, 5)), 2, 2, total + 2, highest, gaps, gaps_from, checksum from bus.relay_batch
            """);

        var verification = await VerifyAsync(world);

        Assert.Equal(["ping-3", "ping-4"], verification.Findings.Where(finding => finding.Kind == VerificationFindingKind.Doubled).Select(finding => finding.Subject));
    }

    [Fact]
    public async Task An_entry_that_carries_an_event_a_second_time_is_named_and_others_that_no_relay_wrote_are_counted()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await PublishAsync(world, 10);
        var copied = (await world.EntriesAsync())[5];
        await world.Redis.StreamAddAsync(world.Key, copied.Values);
        await world.Redis.StreamAddAsync(world.Key, "nonsense", "1");
        await PublishAsync(world, 10, first: 11);

        var verification = await VerifyAsync(world);

        Assert.Equal((20, 2), (verification.OnStream, verification.Foreign));
        var finding = Assert.Single(verification.Findings);
        Assert.Equal((VerificationFindingKind.Doubled, Guid.Parse((string)copied[EventFields.Id]!)), (finding.Kind, finding.EventId));
    }

    [Fact]
    public async Task What_nobody_looks_after_is_stuck_and_so_is_a_group_that_Redis_does_not_have()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await RegisterAsync(world);
        await PublishAsync(world, 10);
        var read = await world.Redis.StreamReadGroupAsync(world.Key, Group, "lane", ">", 2);
        await world.Redis.ExecuteAsync("XCLAIM", world.Key, Group, "lane", 0, read[0].Id, "IDLE", (long)TimeSpan.FromHours(1).TotalMilliseconds, "JUSTID");

        var stuck = Assert.Single((await VerifyAsync(world)).Findings);
        Assert.Equal((VerificationFindingKind.Stuck, EntryId.Parse(read[0].Id!)), (stuck.Kind, stuck.Entry));

        await world.Redis.ExecuteAsync("XGROUP", "DESTROY", world.Key, Group);
        var verification = await VerifyAsync(world);
        Assert.Equal((VerificationFindingKind.Stuck, new GroupName(Group)), (Assert.Single(verification.Findings).Kind, verification.Findings[0].Group));
        Assert.Equal(10, Assert.Single(verification.Groups).Undelivered);
    }

    [Fact]
    public async Task What_was_trimmed_and_removed_after_every_group_had_done_it_is_not_missing()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await RegisterAsync(world);
        await PublishAsync(world, 10);
        await PublishAsync(world, 10, first: 11);
        await PublishAsync(world, 10, first: 21);
        var read = await world.Redis.StreamReadGroupAsync(world.Key, Group, "lane", ">", 100);
        await DoneAsync(world, read);
        await world.Redis.StreamAcknowledgeAsync(world.Key, Group, [.. read.Select(entry => entry.Id)]);
        var first = EntryId.Parse(read[10].Id!);
        await world.ExecuteAsync($"update bus.outbox_stream set trim_floor = {first.Value - 1}");
        await world.Redis.StreamTrimByMinIdAsync(world.Key, first.ToString(), useApproximateMaxLength: false);
        await world.ExecuteAsync("delete from bus.outbox where position <= 10; delete from bus.relay_batch where ms = (select min(ms) from bus.relay_batch)");

        var verification = await VerifyAsync(world);

        Assert.Empty(verification.Findings);
        Assert.True(verification.IsDrained);
        Assert.Equal((20, 30, 10, 20), (verification.OutboxEvents, verification.Published, verification.Removed, verification.OnStream));
        Assert.Equal(30, Assert.Single(verification.Groups).Done);
    }

    [Fact]
    public async Task A_transaction_that_sees_more_than_one_moment_is_refused_and_so_is_a_stream_without_an_outbox()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var verifier = new StreamVerifier(world.Connection, world.Postgres);
        await using var connection = await world.Postgres.OpenConnectionAsync(Cancellation);
        await using (var transaction = await connection.BeginTransactionAsync(IsolationLevel.ReadCommitted, Cancellation))
        {
            await Assert.ThrowsAsync<ArgumentException>("transaction", () => verifier.VerifyAsync(world.Stream, transaction, Cancellation));
        }

        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => verifier.VerifyAsync(new StreamName("elsewhere"), Cancellation));
        Assert.Contains("'elsewhere'", refused.Message, StringComparison.Ordinal);
    }

    private static Task<StreamVerification> VerifyAsync(OutboxWorld world) => new StreamVerifier(world.Connection, world.Postgres).VerifyAsync(world.Stream, Cancellation);

    private static async Task PublishAsync(OutboxWorld world, int count, int first = 1)
    {
        await using var leader = await world.LeadByHandAsync();
        await world.AddAsync(count, first);
        await leader.PublishAsync();
    }

    private static async Task RegisterAsync(OutboxWorld world)
    {
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer();
        using var host = builder.Build();
        var groups = host.Services.GetRequiredService<ConsumerGroups>();
        await groups.RegisterAsync(world.Stream, new GroupName(Group), new ConsumerOptions { Start = GroupStart.Earliest }, Cancellation);
        await groups.EnsureAsync(world.Stream, new GroupName(Group), Cancellation);
    }

    /// <summary>Says that the group has handled the entries, as a lane does.</summary>
    private static async Task DoneAsync(OutboxWorld world, IEnumerable<StreamEntry> entries)
    {
        foreach (var entry in entries)
        {
            var value = EntryId.Parse(entry.Id!).Value;
            await world.ExecuteAsync($"insert into bus.inbox values ('{world.Stream}', '{Group}', int8range({value}, {value + 1}))");
        }
    }
}

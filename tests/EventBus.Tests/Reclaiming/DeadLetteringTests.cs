using FanOut.EventBus.DeadLetters;
using FanOut.EventBus.Reclaiming;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Reclaiming;

public sealed class DeadLetteringTests
{
    private const int MaxDeliveries = 3;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_entry_delivered_three_times_becomes_one_dead_letter_even_when_the_reclaimer_dies_between_postgres_and_redis()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimers = await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => world.CreateReclaimerAsync()));
        await world.Bus.PublishAsync(3);
        var ids = await world.ReadAsync("dead", 3);
        await world.AgeAsync("dead", ids, MaxDeliveries);
        await world.BeatAsync("live");
        await RecordAsync(world, ids[0], (await world.Redis.StreamRangeAsync(world.Key, ids[0], ids[0]))[0].Values);

        await Task.WhenAll(reclaimers.Select(ReclaimingWorld.PassAsync));

        Assert.Empty(await world.PendingAsync());
        var mirrored = await world.Redis.StreamRangeAsync(world.DeadLetters);
        Assert.Equal(ids.Order(), mirrored.Select(entry => entry[DeadLetterFields.Entry]).Order());
        Assert.Equal(3L, await world.Bus.ScalarAsync("select count(*) from bus.dead_letters where projected_at is not null"));
        Assert.Equal(3L, await world.Bus.ScalarAsync("select sum(upper(entries) - lower(entries))::int8 from bus.inbox"));
    }

    [Fact]
    public async Task A_dead_letter_says_who_had_it_how_often_and_why_it_failed()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(2);
        var ids = await world.ReadAsync("dead", 2);
        await world.AgeAsync("dead", ids, MaxDeliveries);
        await world.Bus.ExecuteAsync($"insert into bus.failure values ('{world.Stream}', '{ReclaimingWorld.Group}', {EntryId.Parse(ids[0].ToString()).Value}, 2, 'Boom')");

        await ReclaimingWorld.PassAsync(reclaimer);

        var mirrored = (await world.Redis.StreamRangeAsync(world.DeadLetters)).OrderBy(entry => entry[DeadLetterFields.Entry]).ToArray();
        Assert.All(mirrored, entry => Assert.Equal(("dead", "3"), (entry[DeadLetterFields.Consumer].ToString(), entry[DeadLetterFields.Deliveries].ToString())));
        Assert.StartsWith("Boom (delivery 2;", mirrored[0][DeadLetterFields.Error].ToString(), StringComparison.Ordinal);
        Assert.Equal("Its lane crashed or stalled 3 times without an error.", mirrored[1][DeadLetterFields.Error]);
        Assert.Equal(0L, await world.Bus.ScalarAsync("select count(*) from bus.failure"));
        Assert.Equal(2, (await reclaimer.GetRequiredService<StreamSampler>().SampleAsync(Cancellation)).Groups[0].DeadLetters);
    }

    [Fact]
    public async Task An_entry_whose_effect_was_committed_is_acknowledged_and_no_dead_letter()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(1);
        var ids = await world.ReadAsync("dead", 1);
        await world.HandleAsync(ids);
        await world.AgeAsync("dead", ids, MaxDeliveries);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Empty(await world.PendingAsync());
        Assert.False(await world.Redis.KeyExistsAsync(world.DeadLetters));
        Assert.Equal(0L, await world.Bus.ScalarAsync("select count(*) from bus.dead_letters"));
        Assert.Equal(1L, await world.Bus.ScalarAsync("select duplicates_prevented from bus.consumer_group"));
    }

    [Fact]
    public async Task What_Postgres_says_is_dead_is_given_to_no_lane_even_while_the_DLQ_stream_is_broken()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(3);
        var ids = await world.ReadAsync("dead", 3);
        await world.AgeAsync("dead", ids);
        await RecordAsync(world, ids[0], BusWorld.Event(1));
        await RecordAsync(world, ids[1], BusWorld.Event(2));
        await world.Redis.StringSetAsync(world.DeadLetters, "not a stream");
        await world.BeatAsync("live");

        await ReclaimingWorld.PassAsync(reclaimer);
        var pending = await world.PendingAsync();
        Assert.Equal(["dead", "dead", "live"], ids.Select(id => pending[id].Consumer));

        await world.Redis.KeyDeleteAsync(world.DeadLetters);
        await ReclaimingWorld.PassAsync(reclaimer);
        Assert.Equal([ids[2]], (await world.PendingAsync()).Keys);
        Assert.Equal(2, await world.Redis.StreamLengthAsync(world.DeadLetters));
    }

    [Fact]
    public async Task A_redriven_entry_that_fails_again_is_a_dead_letter_under_its_id_on_the_stream()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.PublishAsync(1);
        var source = (await world.ReadAsync("dead", 1))[0];
        await world.Redis.StreamAcknowledgeAsync(world.Key, ReclaimingWorld.Group.Value, source);
        var redriven = await world.RedriveAsync(source, 1);
        await world.Redis.StreamReadGroupAsync(world.Redrive, ReclaimingWorld.Group.Value, "dead", ">", 10);
        await world.AgeAsync("dead", [redriven], MaxDeliveries, world.Redrive);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Empty(await world.PendingAsync(world.Redrive));
        var mirrored = Assert.Single(await world.Redis.StreamRangeAsync(world.DeadLetters));
        Assert.Equal(source, mirrored[DeadLetterFields.Entry]);
        Assert.Equal(BusWorld.Event(1).Select(field => field.Name), mirrored.Values.Take(8).Select(field => field.Name));
        Assert.Equal(EntryId.Parse(source.ToString()).Value, await world.Bus.ScalarAsync("select entry from bus.dead_letters"));
    }

    [Fact]
    public async Task An_entry_under_an_id_that_no_publisher_writes_ends_on_the_DLQ_stream_and_holds_nothing_up()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        var id = (RedisValue)$"5-{EntryId.MaxSequence + 1}";
        await world.Redis.ExecuteAsync("XADD", world.Key, id, "nonsense", "1");
        await world.AgeAsync("dead", await world.ReadAsync("dead", 1), MaxDeliveries);

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Empty(await world.PendingAsync());
        Assert.Equal(id, Assert.Single(await world.Redis.StreamRangeAsync(world.DeadLetters))[DeadLetterFields.Entry]);
    }

    [Fact]
    public async Task One_group_s_broken_key_holds_up_no_other_group()
    {
        await using var world = await ReclaimingWorld.CreateAsync();
        var reclaimer = await world.CreateReclaimerAsync();
        await world.Bus.ExecuteAsync(
            $"insert into bus.consumer_group select stream, 'aaa', start, checkpoint, max_deliveries, reclaim_after, lane_timeout from bus.consumer_group");
        await world.Redis.StringSetAsync(StreamKeys.Lanes(world.Stream, new GroupName("aaa")), "not a sorted set");
        await world.Redis.StringSetAsync(StreamKeys.Redrive(world.Stream, new GroupName("aaa")), "not a stream");
        await world.Bus.PublishAsync(1);
        var ids = await world.ReadAsync("dead", 1);
        await world.AgeAsync("dead", ids);
        await world.BeatAsync("live");

        await ReclaimingWorld.PassAsync(reclaimer);

        Assert.Equal(ReclaimingWorld.Group, Assert.Single(reclaimer.GetRequiredService<StreamSampler>().Latest!.Groups).Group);
        Assert.Equal("live", (await world.PendingAsync())[ids[0]].Consumer);
    }

    private static async Task RecordAsync(ReclaimingWorld world, RedisValue id, NameValueEntry[] fields)
    {
        await using var connection = await world.Bus.Postgres.OpenConnectionAsync(Cancellation);
        var letter = new DeadLetter { Entry = EntryId.Parse(id.ToString()), Fields = fields, Consumer = "dead", Deliveries = 1, Error = "Rejected." };
        Assert.NotNull(await DeadLetterStore.TryAddAsync(connection, world.Stream, ReclaimingWorld.Group, letter, Cancellation));
    }
}

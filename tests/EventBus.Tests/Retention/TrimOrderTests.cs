using FanOut.EventBus.Groups;
using FanOut.EventBus.Reclaiming;
using FanOut.EventBus.Retention;
using FanOut.EventBus.Tests.Publishing;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Tests.Retention;

public sealed class TrimOrderTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Postgres_knows_what_may_be_missing_before_Redis_is_told_to_trim()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await using (var leader = await world.LeadByHandAsync())
        {
            for (var batch = 0; batch < 5; batch++)
            {
                await world.AddAsync(100, (batch * 100) + 1);
                await leader.PublishAsync();
            }
        }

        var gate = new CallGate();
        using (var worker = Build(world, gate: null))
        {
            var groups = worker.Services.GetRequiredService<ConsumerGroups>();
            await groups.RegisterAsync(world.Stream, new GroupName("g"), new() { Start = GroupStart.Now }, Cancellation);
            await groups.EnsureAsync(world.Stream, new GroupName("g"), Cancellation);
        }

        using var host = Build(world, gate);
        var registered = await host.Services.GetRequiredService<RegisteredGroups>().FindAsync(world.Stream, Cancellation);
        var trim = host.Services.GetRequiredService<StreamTrimmer>().TrimAsync(world.Stream, registered, Cancellation);
        Assert.True(await gate.HasArrivedAsync(trim, TimeSpan.FromSeconds(30)));

        var floor = (long)(await world.ScalarAsync("select trim_floor from bus.outbox_stream"))!;
        Assert.Equal(500, await world.Redis.StreamLengthAsync(world.Key));

        gate.Open();
        Assert.InRange(await trim, 1, 400);
        var first = EntryId.Parse((await world.EntriesAsync())[0].Id!);
        Assert.True(first.Value - 1 <= floor, $"{first} is the first entry left, but the floor was {EntryId.FromInt64(floor)} when Redis was told to trim.");
    }

    private static IHost Build(OutboxWorld world, CallGate? gate)
    {
        var builder = world.Bus.CreateHost();
        builder.AddEventBus().AddReclaimer();
        builder.Services.Configure<RetentionOptions>(options => options.KeepFor = TimeSpan.Zero);
        if (gate is not null)
        {
            builder.Services.AddSingleton(GatedRedis.Create(world.Connection, gate));
        }

        return builder.Build();
    }
}

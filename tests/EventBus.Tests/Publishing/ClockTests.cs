using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>Entry ids begin with a time, and clocks are set.</summary>
public sealed class ClockTests
{
    private const string Group = "billing";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_clock_that_is_set_back_or_is_another_host_s_changes_neither_order_nor_effects()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await world.Bus.StartWorkerAsync(Group);
        var events = new List<NewEvent<Ping>>();
        foreach (var shift in new[] { TimeSpan.Zero, TimeSpan.FromHours(-1), TimeSpan.FromMinutes(10), TimeSpan.FromDays(-400), TimeSpan.Zero })
        {
            var relay = await StartRelayAsync(world, shift);
            events.AddRange(await world.AddAsync(40, events.Count + 1));
            await world.UntilLengthAsync(events.Count);
            await OutboxWorld.StopAsync(relay);
        }

        await world.AssertPublishedAsync(events);
        var ids = (await world.EntriesAsync()).Select(entry => EntryId.Parse(entry.Id!)).ToArray();
        Assert.Equal(ids.Order(), ids);
        Assert.Equal(ids.Length, ids.Distinct().Count());
        await world.Bus.AssertEachOnceAsync(Group, events.Count);
    }

    private static async Task<IHost> StartRelayAsync(OutboxWorld world, TimeSpan shift)
    {
        var builder = world.Bus.CreateHost();
        builder.Services.AddSingleton<TimeProvider>(new ShiftedTime(shift));
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddOutbox(options =>
        {
            options.PollInterval = TimeSpan.FromMilliseconds(20);
            options.StandbyInterval = TimeSpan.FromMilliseconds(20);
        });
        var host = builder.Build();
        await host.StartAsync(Cancellation);
        return host;
    }

    /// <summary>A clock that is wrong by so much; its timers are right.</summary>
    private sealed class ShiftedTime(TimeSpan shift) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + shift;
    }
}

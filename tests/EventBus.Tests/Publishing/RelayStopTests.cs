using FanOut.EventBus.Publishing;
using FanOut.TestServers.Gates;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Tests.Publishing;

public sealed class RelayStopTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_relay_that_is_told_to_stop_between_two_attempts_stops_though_Redis_refuses_at_once()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var gate = new CallGate();
        var time = new TimerSignal();
        var builder = world.Bus.CreateHost();
        builder.Services.AddSingleton(GatedRedis.Create(world.Connection, gate));
        builder.Services.AddSingleton<TimeProvider>(time);
        builder.AddEventBus().AddEvent(Ping.EventType, PingJson.Default.Ping).AddOutbox(options => options.PollInterval = TimeSpan.FromMilliseconds(20));
        using var host = builder.Build();
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var relay = host.Services.GetRequiredService<Relay>();
        gate.Open();
        await relay.StartAsync(stopping.Token);
        await world.AddAsync(1);
        await world.UntilLengthAsync(1);

        gate.Die();
        time.OnTimer = due =>
        {
            // The pause after a failed attempt; the session's keepalives are longer.
            if (due < TimeSpan.FromSeconds(1))
            {
                stopping.Cancel();
            }
        };
        await world.AddAsync(1, 2);

        await relay.ExecuteTask!.WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Cancellation);
        Assert.True(stopping.IsCancellationRequested);
    }
}

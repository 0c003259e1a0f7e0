using System.Collections.Concurrent;
using FanOut.EventBus.Tests.Publishing;
using Microsoft.Extensions.DependencyInjection;

namespace FanOut.EventBus.Tests.Review;

public sealed class DisposeTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    /// <summary>A host is disposed without a stop when its start fails: at a port that is in use, for example.</summary>
    [Fact]
    public async Task A_host_that_is_disposed_while_it_runs_throws_on_no_timer()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var time = new RecordingTime();
        for (var i = 0; i < 5; i++)
        {
            var builder = world.Configure(options => options.PollInterval = TimeSpan.FromMilliseconds(10));
            builder.Services.AddSingleton<TimeProvider>(time);
            var host = builder.Build();
            await host.StartAsync(Cancellation);
            await world.Bus.AddEventsAsync(1);
            await world.UntilLengthAsync(i + 1);
            host.Dispose();
            await Passing.ForAsync(TimeSpan.FromMilliseconds(300));
        }

        Assert.Empty(time.Thrown);
    }

    [Fact]
    public async Task NotifyCommitted_never_throws()
    {
        await using var world = await OutboxWorld.CreateAsync();
        var host = world.Configure().Build();
        await host.StartAsync(Cancellation);
        var outbox = host.Services.GetRequiredService<Outbox>();
        await host.StopAsync(Cancellation);
        host.Dispose();

        outbox.NotifyCommitted();
    }

    private sealed class RecordingTime : TimeProvider
    {
        public ConcurrentQueue<Exception> Thrown { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => base.CreateTimer(
            inner =>
            {
                try
                {
                    callback(inner);
                }
                catch (Exception e)
                {
                    Thrown.Enqueue(e);
                }
            },
            state,
            dueTime,
            period);
    }
}

using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Review;

[Collection(nameof(UnobservedTests))]
[CollectionDefinition(nameof(UnobservedTests), DisableParallelization = true)]
public sealed class UnobservedTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sampler_whose_Redis_is_away_leaves_no_exception_unobserved()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        var builder = world.CreateHost();
        builder.AddEventBus().AddStream(world.Stream.Value, stream => stream.AddReclaimer());
        using var host = builder.Build();
        var sampler = host.Services.GetRequiredService<StreamSampler>();
        await sampler.SampleAsync(Cancellation);
        await server.KillAsync();
        var unobserved = await Unobserved.CountAsync(async () =>
        {
            for (var i = 0; i < 3; i++)
            {
                await Assert.ThrowsAnyAsync<RedisException>(() => sampler.SampleAsync(Cancellation));
            }
        });
        Assert.Empty(unobserved);
    }
}

internal static class Unobserved
{
    public static async Task<List<string>> CountAsync(Func<Task> action)
    {
        var found = new List<string>();
        void Note(object? sender, UnobservedTaskExceptionEventArgs args)
        {
            lock (found)
            {
                found.Add(args.Exception.ToString());
            }
        }

        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await action();
            for (var i = 0; i < 5; i++)
            {
                await Passing.ForAsync(TimeSpan.FromMilliseconds(100));
                GC.Collect();
                GC.WaitForPendingFinalizers();
            }
        }
        finally
        {
            TaskScheduler.UnobservedTaskException -= Note;
        }

        lock (found)
        {
            return [.. found];
        }
    }
}

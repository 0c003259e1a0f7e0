using System.Runtime.CompilerServices;
using FanOut.TestServers;
using Microsoft.Extensions.DependencyInjection;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Maintenance;

[Collection(nameof(UnobservedFaultTests))]
[CollectionDefinition(nameof(UnobservedFaultTests), DisableParallelization = true)]
public sealed class UnobservedFaultTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_sampler_whose_Redis_is_away_leaves_no_exception_unobserved()
    {
        await using var server = await RedisServer.StartAsync(cancellationToken: Cancellation);
        await using var world = await BusWorld.CreateAsync(server);
        await using var impatient = await server.ConnectAsync(options => (options.AllowAdmin, options.AsyncTimeout) = (false, 1_000));
        var builder = world.CreateHost();
        builder.Services.AddSingleton<IConnectionMultiplexer>(impatient);
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
    private const string Witness = "Nobody looks at this.";

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

        // What the tests before have left is not counted.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        TaskScheduler.UnobservedTaskException += Note;
        try
        {
            await action();
            LeaveUnobserved();
            await BusWorld.UntilAsync(
                () =>
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                    lock (found)
                    {
                        return Task.FromResult(found.RemoveAll(text => text.Contains(Witness, StringComparison.Ordinal)) > 0);
                    }
                },
                () => "the exception that is left on purpose");
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

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void LeaveUnobserved() => _ = Task.FromException(new InvalidOperationException(Witness));
}

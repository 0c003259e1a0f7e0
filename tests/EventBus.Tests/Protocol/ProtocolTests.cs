using System.Globalization;
using FanOut.TestServers;
using StackExchange.Redis;

namespace FanOut.EventBus.Tests.Protocol;

/// <summary>The whole protocol with its real parts, in random interleavings.</summary>
public sealed class ProtocolTests
{
    private const string SeedVariable = "FANOUT_PROTOCOL_SEED";

    /// <summary>Explores for a while, each time from another seed; <c>FANOUT_PROTOCOL_SEED</c> repeats one.</summary>
    [Fact]
    public async Task Whatever_the_interleaving_and_the_faults_each_committed_event_has_one_effect_in_each_group()
    {
        // Small nodes, so that trimming, which takes whole ones, takes something.
        var settings = new Dictionary<string, string> { ["stream-node-max-entries"] = "3" };
        await using var server = await RedisServer.StartAsync(new RedisServerOptions { Settings = settings }, TestContext.Current.CancellationToken);
        await using var redis = await server.ConnectAsync();
        if (Environment.GetEnvironmentVariable(SeedVariable) is { Length: > 0 } seed)
        {
            await ExploreAsync(redis, int.Parse(seed, CultureInfo.InvariantCulture));
            return;
        }

        var runs = 0;
        var began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(Effort.Seconds(25)))
        {
            await ExploreAsync(redis, Random.Shared.Next());
            runs++;
        }

        TestContext.Current.TestOutputHelper?.WriteLine($"{runs} interleavings in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0} s");
    }

    private static async Task ExploreAsync(ConnectionMultiplexer redis, int seed)
    {
        await using var run = await ProtocolRun.CreateAsync(redis, seed);
        try
        {
            await run.RunAsync(steps: 150);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            var history = string.Join(Environment.NewLine, run.History.TakeLast(400));
            throw new InvalidOperationException($"{SeedVariable}={seed} fails: {e.Message}{Environment.NewLine}{history}", e);
        }
    }
}

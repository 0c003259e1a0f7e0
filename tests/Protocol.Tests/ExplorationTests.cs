using System.Globalization;
using FanOut.Protocol.Tests.Model;
using Xunit;

namespace FanOut.Protocol.Tests;

/// <summary>
/// Random interleavings. FANOUT_PROTOCOL_RUNS is their number; FANOUT_PROTOCOL_SEED repeats one and prints its steps.
/// </summary>
public sealed class ExplorationTests
{
    private static readonly int Runs = int.Parse(Environment.GetEnvironmentVariable("FANOUT_PROTOCOL_RUNS") ?? "100", CultureInfo.InvariantCulture);

    [Fact]
    public void Every_event_takes_effect_once_in_every_group_whatever_happens()
    {
        if (Environment.GetEnvironmentVariable("FANOUT_PROTOCOL_SEED") is { } seed)
        {
            Explore(int.Parse(seed, CultureInfo.InvariantCulture), printsSteps: true);
            return;
        }

        // Half of the seeds are the same each time, so that a change that breaks a rule is found at once.
        var random = Random.Shared.Next(1_000_000, int.MaxValue - Runs);
        for (var run = 0; run < Runs; run++)
        {
            Explore(run % 2 == 0 ? run : random + run);
        }
    }

    private static void Explore(int seed, bool printsSteps = false)
    {
        var exploration = new Exploration(new Rules(), seed);
        try
        {
            exploration.Run();
        }
        catch (Exception exception)
        {
            var steps = printsSteps ? string.Join('\n', exploration.Trace) : "";
            Assert.Fail($"FANOUT_PROTOCOL_SEED={seed}: {exception}\n{steps}");
        }
    }
}

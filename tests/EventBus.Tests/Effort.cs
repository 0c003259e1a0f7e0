using System.Globalization;

namespace FanOut.EventBus.Tests;

/// <summary>How long tests explore at random: FANOUT_EFFORT multiplies it.</summary>
internal static class Effort
{
    private static readonly int Factor = int.Parse(Environment.GetEnvironmentVariable("FANOUT_EFFORT") ?? "1", CultureInfo.InvariantCulture);

    public static int Seconds(int usual) => usual * Factor;
}

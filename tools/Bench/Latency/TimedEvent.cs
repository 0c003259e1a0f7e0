using FanOut.Bench.Running;

namespace FanOut.Bench.Latency;

/// <summary>An event that carries when it was due to be published, as a timestamp of this process.</summary>
internal sealed record TimedEvent(int Number, long Due, BenchOrder Order)
{
    public const string EventType = "bench.timed";
}

namespace FanOut.Bench.Latency;

internal sealed record LatencyRecorders(LatencyRecorder Handled, LatencyRecorder Committed)
{
    public LatencyRecorders()
        : this(new LatencyRecorder(), new LatencyRecorder())
    {
    }
}

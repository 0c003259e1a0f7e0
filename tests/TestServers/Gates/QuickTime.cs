namespace FanOut.TestServers.Gates;

/// <summary>Time in which waits and intervals are over sooner; the date is the real one.</summary>
public sealed class QuickTime(int factor) : TimeProvider
{
    public override long GetTimestamp() => System.GetTimestamp() * factor;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        => System.CreateTimer(callback, state, Shorten(dueTime), Shorten(period));

    private TimeSpan Shorten(TimeSpan time) => time == Timeout.InfiniteTimeSpan ? time : time / factor;
}

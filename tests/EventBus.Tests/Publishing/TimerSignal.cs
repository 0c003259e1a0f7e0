namespace FanOut.EventBus.Tests.Publishing;

/// <summary>The real time, and a call whenever somebody begins to wait.</summary>
internal sealed class TimerSignal : TimeProvider
{
    public Action<TimeSpan> OnTimer { get; set; } = _ => { };

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        OnTimer(dueTime);
        return base.CreateTimer(callback, state, dueTime, period);
    }
}

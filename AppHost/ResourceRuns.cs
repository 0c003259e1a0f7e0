namespace FanOut.AppHost;

/// <summary>The runs of one resource, seen through its states.</summary>
internal sealed class ResourceRuns(TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StableAfter = TimeSpan.FromMinutes(1);

    private string? _state;
    private long _startedAt;
    private TimeSpan _nextPause = FirstPause;

    /// <returns>
    /// After a crash, the pause before the next start: one second, doubled up to half a minute while the resource keeps crashing. Otherwise null.
    /// A resource that a user stops is in the state <see cref="KnownResourceStates.Stopping"/> before it ends. That is not a crash.
    /// </returns>
    public TimeSpan? Observe(string? state)
    {
        // A run can be too short for its states to be seen.
        var isCrash = IsEnd(state) && !IsEnd(_state) && _state != KnownResourceStates.Stopping;
        if (_state != state && (state == KnownResourceStates.Starting || state == KnownResourceStates.Running))
        {
            _startedAt = time.GetTimestamp();
        }

        _state = state;
        if (!isCrash)
        {
            return null;
        }

        var pause = time.GetElapsedTime(_startedAt) > StableAfter ? FirstPause : _nextPause;
        _nextPause = pause * 2 < MaxPause ? pause * 2 : MaxPause;
        return pause;
    }

    private static bool IsEnd(string? state) => state == KnownResourceStates.Finished || state == KnownResourceStates.Exited;
}

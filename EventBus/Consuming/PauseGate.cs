namespace FanOut.EventBus.Consuming;

/// <summary>Closes when a group has too much pending, opens when that fell below half: lanes then finish what is in progress and read nothing new.</summary>
internal sealed class PauseGate(long pauseAbove)
{
    private volatile bool _isPaused;

    public bool IsPaused => _isPaused;

    /// <returns>Whether the gate moved.</returns>
    public bool Update(long pending)
    {
        var paused = _isPaused ? pending >= pauseAbove / 2 : pending > pauseAbove;
        if (paused == _isPaused)
        {
            return false;
        }

        _isPaused = paused;
        return true;
    }
}

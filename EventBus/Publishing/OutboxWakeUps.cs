using System.Collections.Immutable;

namespace FanOut.EventBus.Publishing;

/// <summary>The wake-ups of all outboxes of this process, for lanes, whose handlers may add events to any of them.</summary>
internal sealed class OutboxWakeUps
{
    private ImmutableArray<OutboxWakeUp> _all = [];

    public void Add(OutboxWakeUp wakeUp) => ImmutableInterlocked.Update(ref _all, all => all.Add(wakeUp));

    /// <summary>
    /// A lane has committed a transaction that began at a timestamp: wakes the relay of each outbox to which something was added since.
    /// </summary>
    public void CommittedSince(long began)
    {
        foreach (var wakeUp in _all)
        {
            wakeUp.CommittedSince(began);
        }
    }
}

using FanOut.EventBus.Groups;

namespace FanOut.EventBus.Consuming;

/// <summary>Says whether the lanes of a group may read new entries.</summary>
internal sealed class LaneGate(RegisteredGroup group, long pauseAbove, StreamCatalog catalog)
{
    private OutboxHistory? _history;
    private volatile bool _isFull;

    /// <summary>Whether the group has more pending than it may have.</summary>
    public bool IsFull => _isFull;

    /// <summary>Why no lane may read; null where they may.</summary>
    /// <param name="pending">The entries that the group has pending.</param>
    /// <param name="outbox">Whose events the stream carries; null where no relay has said yet.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<string?> FindReasonAsync(long pending, Guid? outbox, CancellationToken cancellationToken)
    {
        _isFull = _isFull ? pending >= pauseAbove / 2 : pending > pauseAbove;
        if (_isFull)
        {
            return $"The group has {pending} entries pending, more than EventBus:Consumer:PauseAbove ({pauseAbove}).";
        }

        if (outbox is not { } found || _history?.Knows(found) == true)
        {
            return null;
        }

        _history = await catalog.ReadHistoryAsync(group.Stream, cancellationToken);
        return _history.Knows(found)
            ? null
            : $"Stream '{group.Stream.Name}' in Redis carries the events of another outbox ({found}) than this database has ({_history.Outbox}): "
                + "two systems use this Redis, or the database was restored. Give one of them another stream name or another Redis, "
                + "or confirm the restore.";
    }
}

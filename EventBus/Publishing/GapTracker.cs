namespace FanOut.EventBus.Publishing;

/// <summary>
/// Which outbox positions have been dealt with: all up to <see cref="Highest"/>, except those in gaps. A writer has its xid before it draws a
/// position, and the relay draws a higher one after it has seen the gap. So when a snapshot has all of its running transactions above that one, the
/// writer has ended: either the snapshot shows the row, or there will never be one.
/// </summary>
internal sealed class GapTracker
{
    private readonly List<Gap> _gaps;
    private readonly Dictionary<long, long?> _changes = [];

    /// <param name="highest">The highest position read.</param>
    /// <param name="gaps">The gaps below, as they are kept beside the stream. Their xids are unknown.</param>
    /// <param name="forgetThrough">Gaps at or below are dropped: everything there is decided.</param>
    public GapTracker(long highest, IEnumerable<Gap> gaps, long forgetThrough = 0)
    {
        Highest = Math.Max(highest, forgetThrough);
        _gaps = [.. gaps.OrderBy(gap => gap.First)];
        for (var i = _gaps.Count - 1; i >= 0; i--)
        {
            if (_gaps[i].First <= forgetThrough)
            {
                Replace(i, _gaps[i] with { First = forgetThrough + 1 });
            }
        }

        NeedsXid = _gaps.Count > 0;
    }

    public long Highest { get; private set; }

    /// <summary>Ascending.</summary>
    public IReadOnlyList<Gap> Gaps => _gaps;

    /// <summary>Whether a gap has no xid yet: the next read is to draw one.</summary>
    public bool NeedsXid { get; private set; }

    /// <summary>How many positions are missing.</summary>
    public long MissingCount => _gaps.Sum(gap => gap.Last - gap.First + 1);

    /// <summary>Gives the gaps that have none yet a xid that was drawn after they were found.</summary>
    public void Record(ulong xid)
    {
        for (var i = 0; i < _gaps.Count; i++)
        {
            _gaps[i] = _gaps[i] with { Xid = _gaps[i].Xid ?? xid };
        }

        NeedsXid = false;
    }

    /// <summary>Gives up what was open before a read that looked for it and did not find it, and whose writers had ended.</summary>
    /// <param name="positions">What the read has shown, ascending.</param>
    /// <param name="xmin">The lowest transaction that was running in the read's snapshot.</param>
    /// <param name="reached">The last position if the read stopped at its limit: it has not looked above. Otherwise the largest number.</param>
    /// <returns>How many positions were given up.</returns>
    public long GiveUp(ReadOnlySpan<long> positions, ulong xmin, long reached)
    {
        var count = 0L;
        for (var i = _gaps.Count - 1; i >= 0; i--)
        {
            var gap = _gaps[i];
            if (!(gap.Xid < xmin) || gap.First > reached)
            {
                continue;
            }

            // What was found is still to be published, and leaves the gap with that.
            var rest = new List<Gap>();
            for (var next = IndexOf(positions, gap.First); next < positions.Length && positions[next] <= gap.Last; next++)
            {
                rest.Add(gap with { First = positions[next], Last = positions[next] });
            }

            if (gap.Last > reached)
            {
                rest.Add(gap with { First = reached + 1 });
            }

            count += gap.Last - gap.First + 1 - rest.Sum(part => part.Last - part.First + 1);
            Replace(i, [.. rest]);
        }

        return count;
    }

    /// <summary>Takes in what will be published next: positions of gaps and above <see cref="Highest"/>, ascending.</summary>
    public void Take(ReadOnlySpan<long> positions)
    {
        foreach (var position in positions)
        {
            if (position <= Highest)
            {
                var i = _gaps.FindLastIndex(gap => gap.First <= position);
                if (i < 0 || _gaps[i].Last < position)
                {
                    throw new InvalidOperationException($"Outbox position {position} was read twice, or not in order.");
                }

                Replace(i, _gaps[i] with { Last = position - 1 }, _gaps[i] with { First = position + 1 });
                continue;
            }

            if (position > Highest + 1)
            {
                var gap = new Gap(Highest + 1, position - 1);
                _gaps.Add(gap);
                _changes[gap.First] = gap.Last;
                NeedsXid = true;
            }

            Highest = position;
        }
    }

    /// <summary>What has changed since this was asked last: the first positions of gaps that are no more, and gaps that are new or shorter.</summary>
    public (long[] Closed, (long First, long Last)[] Changed) TakeChanges()
    {
        if (_changes.Count == 0)
        {
            return ([], []);
        }

        var closed = _changes.Where(change => change.Value is null).Select(change => change.Key).ToArray();
        var changed = _changes.Where(change => change.Value is not null).Select(change => (change.Key, change.Value!.Value)).ToArray();
        _changes.Clear();
        return (closed, changed);
    }

    private void Replace(int index, params ReadOnlySpan<Gap> parts)
    {
        _changes[_gaps[index].First] = null;
        _gaps.RemoveAt(index);
        foreach (var part in parts)
        {
            if (part.First <= part.Last)
            {
                _gaps.Insert(index++, part);
                _changes[part.First] = part.Last;
            }
        }
    }

    private static int IndexOf(ReadOnlySpan<long> positions, long from)
    {
        var index = positions.BinarySearch(from);
        return index < 0 ? ~index : index;
    }
}

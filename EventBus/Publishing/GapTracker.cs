namespace FanOut.EventBus.Publishing;

/// <summary>
/// Which outbox positions have been dealt with: all up to <see cref="Highest"/>, except those in gaps. A gap is a position that was not visible though a higher one was: its writer is still at work, or rolled back.
/// A writer has its xid before it draws a position, and the relay's transaction that records the gap draws a higher one later. So when a snapshot has all of its running transactions above that
/// one, the writer has ended: either the snapshot shows the row, or there will never be one.
/// </summary>
internal sealed class GapTracker
{
    private List<Gap> _gaps;

    public GapTracker(long highest, IEnumerable<Gap> gaps)
    {
        Highest = highest;
        _gaps = [.. gaps];
    }

    public long Highest { get; private set; }

    public IReadOnlyList<Gap> Gaps => _gaps;

    /// <summary>How many positions are missing.</summary>
    public long MissingCount => _gaps.Sum(gap => gap.Last - gap.First + 1);

    /// <summary>The oldest batch with an open gap, or <paramref name="newest"/>.</summary>
    public long OldestBatch(long newest)
    {
        foreach (var gap in _gaps)
        {
            newest = gap.Batch is { } batch && batch < newest ? batch : newest;
        }

        return newest;
    }

    /// <summary>Takes in what one read has shown.</summary>
    /// <param name="positions">The visible positions that will be published, ascending: a prefix of those in gaps and above <see cref="Highest"/>.</param>
    /// <param name="xmin">The lowest transaction that was running in the read's snapshot.</param>
    /// <param name="sawAllGaps">Whether no visible position in a gap was left out of <paramref name="positions"/>.</param>
    /// <returns>The gaps that were found, to be given their batch by <see cref="Record"/>; how many positions were given up.</returns>
    public (IReadOnlyList<Gap> Opened, long GivenUp) Observe(ReadOnlySpan<long> positions, ulong xmin, bool sawAllGaps)
    {
        var next = 0;
        var givenUp = 0L;
        if (_gaps.Count > 0)
        {
            var open = new List<Gap>(_gaps.Count);
            foreach (var gap in _gaps)
            {
                var ended = sawAllGaps && gap.Xid < xmin;
                var first = gap.First;
                for (; next < positions.Length && positions[next] <= gap.Last; next++)
                {
                    if (positions[next] < first)
                    {
                        throw new InvalidOperationException($"Outbox position {positions[next]} was read though it is in no gap, or not in order.");
                    }

                    Keep(gap with { First = first, Last = positions[next] - 1 }, ended);
                    first = positions[next] + 1;
                }

                Keep(gap with { First = first }, ended);
            }

            _gaps = open;

            void Keep(Gap rest, bool ended)
            {
                if (rest.First > rest.Last)
                {
                    return;
                }

                if (ended)
                {
                    givenUp += rest.Last - rest.First + 1;
                }
                else
                {
                    open.Add(rest);
                }
            }
        }

        var opened = new List<Gap>();
        for (; next < positions.Length; next++)
        {
            if (positions[next] <= Highest)
            {
                throw new InvalidOperationException($"Outbox position {positions[next]} was read twice or not in order.");
            }

            if (positions[next] > Highest + 1)
            {
                opened.Add(new Gap(Highest + 1, positions[next] - 1, null, null));
            }

            Highest = positions[next];
        }

        _gaps.AddRange(opened);
        return (opened, givenUp);
    }

    /// <summary>Gives the gaps that were opened last the batch that recorded them.</summary>
    public void Record(long batch, ulong xid)
    {
        for (var i = _gaps.Count - 1; i >= 0 && _gaps[i].Xid is null; i--)
        {
            _gaps[i] = _gaps[i] with { Xid = xid, Batch = batch };
        }
    }

    /// <param name="First">The first missing position.</param>
    /// <param name="Last">The last.</param>
    /// <param name="Xid">A transaction that began after the gap was seen; null until it is recorded.</param>
    /// <param name="Batch">The batch that recorded it.</param>
    internal readonly record struct Gap(long First, long Last, ulong? Xid, long? Batch);
}

namespace FanOut.EventBus.Inbox;

/// <summary>Positions as the fewest half-open ranges. A range never spans a position that is not among them.</summary>
internal static class PositionRanges
{
    /// <param name="ascending">Positions, each above the one before it.</param>
    public static (long[] From, long[] To) Of(ReadOnlySpan<long> ascending)
    {
        var from = new List<long>();
        var to = new List<long>();
        foreach (var position in ascending)
        {
            if (to.Count > 0 && to[^1] == position)
            {
                to[^1]++;
            }
            else
            {
                from.Add(position);
                to.Add(position + 1);
            }
        }

        return ([.. from], [.. to]);
    }
}

namespace FanOut.EventBus.Retention;

/// <summary>Finds ranges that can be one: each begins exactly where the one before it ends, so that together they cover the same ids and no other.</summary>
internal static class AdjacentRanges
{
    /// <param name="ranges">Ranges that do not overlap, in any order.</param>
    /// <returns>The unions of two or more ranges, ascending.</returns>
    public static IReadOnlyList<RangeMerge> Find(IEnumerable<EntryRange> ranges)
    {
        var found = new List<RangeMerge>();
        var (whole, parts) = (default(EntryRange), 0);
        foreach (var range in ranges.OrderBy(range => range.From))
        {
            if (parts > 0 && range.From == whole.To)
            {
                (whole, parts) = (whole with { To = range.To }, parts + 1);
                continue;
            }

            Close();
            (whole, parts) = (range, 1);
        }

        Close();
        return found;

        void Close()
        {
            if (parts > 1)
            {
                found.Add(new(whole, parts, whole.Length));
            }
        }
    }
}

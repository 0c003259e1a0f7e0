namespace FanOut.EventBus.Inbox;

/// <summary>
/// Entry ids as the fewest half-open ranges. A range never spans a hole in the sequence nor a change of millisecond: an id that was not there to be handled must not look done, and where the ids of one
/// millisecond end can't be told from the ids alone.
/// </summary>
internal static class EntryRanges
{
    /// <param name="ascending">Ids, each above the one before it.</param>
    public static (long[] From, long[] To) Of(ReadOnlySpan<EntryId> ascending)
    {
        var from = new List<long>();
        var to = new List<long>();
        foreach (var id in ascending)
        {
            if (to.Count > 0 && to[^1] == id.Value && id.Sequence > 0)
            {
                to[^1]++;
            }
            else
            {
                from.Add(id.Value);
                to.Add(id.Value + 1);
            }
        }

        return ([.. from], [.. to]);
    }
}

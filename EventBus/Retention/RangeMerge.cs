namespace FanOut.EventBus.Retention;

/// <summary>Inbox ranges that become one.</summary>
/// <param name="Whole">The one.</param>
/// <param name="Parts">How many it takes the place of.</param>
/// <param name="Covered">How many ids those cover; the rest of <paramref name="Whole"/> lies between them and is no event's.</param>
internal readonly record struct RangeMerge(EntryRange Whole, int Parts, long Covered)
{
    public long Padding => Whole.Length - Covered;
}

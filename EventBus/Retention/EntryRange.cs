namespace FanOut.EventBus.Retention;

/// <summary>A row of the inbox: the ids from <paramref name="From"/> up to but not including <paramref name="To"/>, as numbers.</summary>
internal readonly record struct EntryRange(long From, long To)
{
    public long Length => To - From;
}

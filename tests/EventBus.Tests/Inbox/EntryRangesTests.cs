using CsCheck;
using FanOut.EventBus.Inbox;

namespace FanOut.EventBus.Tests.Inbox;

public sealed class EntryRangesTests
{
    private static readonly Gen<EntryId[]> Ids = Gen.Select(Gen.Long[0, 3], Gen.OneOf(Gen.Long[0, 12], Gen.Long[EntryId.MaxSequence - 5, EntryId.MaxSequence]), (ms, n) => new EntryId(ms + 1, n))
        .Array[0, 40].Select(ids => ids.Distinct().Order().ToArray());

    [Fact]
    public void Ranges_cover_the_ids_and_nothing_else() => Ids.Sample(ids =>
    {
        var (from, to) = EntryRanges.Of(ids);
        var covered = from.Zip(to).SelectMany(range => Enumerable.Range(0, (int)(range.Second - range.First)).Select(i => range.First + i));
        Assert.Equal(ids.Select(id => id.Value), covered);
    });

    [Fact]
    public void Ranges_are_as_few_as_may_be_without_leaving_a_millisecond() => Ids.Sample(ids =>
    {
        var (from, to) = EntryRanges.Of(ids);
        var breaks = ids.Skip(1).Zip(ids).Count(pair => pair.First.Milliseconds != pair.Second.Milliseconds || pair.First.Sequence != pair.Second.Sequence + 1);
        Assert.Equal(ids.Length == 0 ? 0 : breaks + 1, from.Length);
        Assert.All(from.Zip(to), range => Assert.Equal(EntryId.FromInt64(range.First).Milliseconds, EntryId.FromInt64(range.Second - 1).Milliseconds));
    });
}

using System.Text;
using CsCheck;

namespace FanOut.EventBus.Tests;

public sealed class EntryIdTests
{
    private static readonly Gen<EntryId> Ids = Gen.Select(Gen.Long[0, EntryId.MaxMilliseconds], Gen.Long[0, EntryId.MaxSequence], (ms, n) => new EntryId(ms, n));

    [Fact]
    public void An_id_survives_text_and_number() => Ids.Sample(id =>
    {
        Assert.Equal(id, EntryId.Parse(id.ToString()));
        Assert.Equal(id, EntryId.FromInt64(id.Value));
    });

    [Fact]
    public void Ids_sort_as_Redis_sorts_them() => Gen.Select(Ids, Ids).Sample((a, b) =>
        Assert.Equal((a.Milliseconds, a.Sequence).CompareTo((b.Milliseconds, b.Sequence)), Math.Sign(a.CompareTo(b))));

    [Theory]
    [InlineData("")]
    [InlineData("1")]
    [InlineData("1-")]
    [InlineData("-1-1")]
    [InlineData("1--1")]
    [InlineData("+1-2")]
    [InlineData("1-+2")]
    [InlineData("+1-+2")]
    [InlineData("1-1x")]
    [InlineData("8796093022208-0")]
    [InlineData("1-1048576")]
    [InlineData("99999999999999999999-1")]
    public void What_is_no_id_or_too_large_is_refused(string text)
    {
        Assert.False(EntryId.TryParse(Encoding.UTF8.GetBytes(text), out _));
        Assert.Throws<FormatException>(() => EntryId.Parse(text));
    }

    [Theory]
    [InlineData("a\n")]
    [InlineData("a b")]
    [InlineData("-a")]
    public void What_is_no_name_is_refused(string text)
    {
        Assert.Throws<ArgumentException>(() => new GroupName(text));
        Assert.Throws<ArgumentException>(() => new StreamName(text));
    }
}

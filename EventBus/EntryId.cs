using System.Buffers.Text;
using System.Globalization;

namespace FanOut.EventBus;

/// <summary>
/// The id of a stream entry, <c>milliseconds-sequence</c> (<see href="https://redis.io/docs/latest/develop/data-types/streams/#entry-ids"/>),
/// held as one <see cref="long"/>: milliseconds times 2^20 plus sequence. So it sorts as Redis sorts and fits a Postgres <c>int8</c>.
/// </summary>
public readonly record struct EntryId : IComparable<EntryId>
{
    private const int SequenceBits = 20;

    /// <summary>The largest sequence number an id can hold: 2^20 - 1.</summary>
    public const long MaxSequence = (1L << SequenceBits) - 1;

    /// <summary>The largest number of milliseconds an id can hold: 2^43 - 1, in the year 2248.</summary>
    public const long MaxMilliseconds = (1L << (63 - SequenceBits)) - 1;

    /// <summary>Makes an id of its two parts.</summary>
    /// <param name="milliseconds">Milliseconds since the Unix epoch, 0 to <see cref="MaxMilliseconds"/>.</param>
    /// <param name="sequence">The number within the millisecond, 0 to <see cref="MaxSequence"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is negative or too large to be mapped to an <c>int8</c>.</exception>
    public EntryId(long milliseconds, long sequence)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(milliseconds);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(milliseconds, MaxMilliseconds);
        ArgumentOutOfRangeException.ThrowIfNegative(sequence);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sequence, MaxSequence);
        Value = (milliseconds << SequenceBits) | sequence;
    }

    private EntryId(long value) => Value = value;

    /// <summary>The id as one number, as Postgres stores it.</summary>
    public long Value { get; }

    /// <summary>Milliseconds since the Unix epoch.</summary>
    public long Milliseconds => Value >> SequenceBits;

    /// <summary>The number within the millisecond.</summary>
    public long Sequence => Value & MaxSequence;

    /// <summary>The id that a number from Postgres stands for.</summary>
    /// <param name="value">A number made by <see cref="Value"/>; not negative.</param>
    /// <returns>The id.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="value"/> is negative.</exception>
    public static EntryId FromInt64(long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        return new EntryId(value);
    }

    /// <summary>Reads an id as Redis writes it.</summary>
    /// <param name="text">For example <c>1700000000000-0</c>, in UTF-8.</param>
    /// <param name="id">The id.</param>
    /// <returns>False where the text has another form or a part is too large to be mapped.</returns>
    public static bool TryParse(ReadOnlySpan<byte> text, out EntryId id)
    {
        id = default;

        // The parser would take signs, which Redis does not write.
        if (text.ContainsAny((byte)'+', (byte)' ') || text.StartsWith("-"u8) || !Utf8Parser.TryParse(text, out long milliseconds, out var used) || used >= text.Length || text[used] != (byte)'-')
        {
            return false;
        }

        var rest = text[(used + 1)..];
        if (rest.StartsWith("-"u8) || !Utf8Parser.TryParse(rest, out long sequence, out var usedAfter) || usedAfter != rest.Length
            || milliseconds is < 0 or > MaxMilliseconds || sequence is < 0 or > MaxSequence)
        {
            return false;
        }

        id = new EntryId(milliseconds, sequence);
        return true;
    }

    /// <summary>Reads an id as Redis writes it.</summary>
    /// <param name="text">For example <c>1700000000000-0</c>.</param>
    /// <returns>The id.</returns>
    /// <exception cref="FormatException">The text has another form, or a part is too large to be mapped to an <c>int8</c>.</exception>
    public static EntryId Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return TryParse(System.Text.Encoding.UTF8.GetBytes(text), out var id)
            ? id
            : throw new FormatException($"'{text}' is not an entry id of the form milliseconds-sequence with at most {MaxMilliseconds} milliseconds and sequence {MaxSequence}.");
    }

    /// <inheritdoc/>
    public int CompareTo(EntryId other) => Value.CompareTo(other.Value);

    /// <summary>Whether one id is before another.</summary>
    public static bool operator <(EntryId left, EntryId right) => left.Value < right.Value;

    /// <summary>Whether one id is after another.</summary>
    public static bool operator >(EntryId left, EntryId right) => left.Value > right.Value;

    /// <summary>Whether one id is before another or the same.</summary>
    public static bool operator <=(EntryId left, EntryId right) => left.Value <= right.Value;

    /// <summary>Whether one id is after another or the same.</summary>
    public static bool operator >=(EntryId left, EntryId right) => left.Value >= right.Value;

    /// <summary>The id as Redis writes it.</summary>
    /// <returns>For example <c>1700000000000-0</c>.</returns>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Milliseconds}-{Sequence}");
}

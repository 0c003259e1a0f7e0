using StackExchange.Redis;

namespace FanOut.EventBus.Wire;

/// <summary>
/// Compares what Redis sent byte by byte. RedisValue's own == first tries to read both sides as numbers, which shows in the profile of a busy lane.
/// </summary>
internal static class RedisText
{
    private const int MaxOnStack = 128;

    public static bool Is(RedisValue value, ReadOnlySpan<byte> text)
    {
        if (value.GetByteCount() != text.Length)
        {
            return false;
        }

        Span<byte> bytes = text.Length <= MaxOnStack ? stackalloc byte[MaxOnStack] : new byte[text.Length];
        return bytes[..value.CopyTo(bytes)].SequenceEqual(text);
    }
}

using System.Buffers.Binary;

namespace FanOut.Contracts;

/// <summary>An order's id is a UUID of version 7.</summary>
public static class OrderId
{
    /// <summary>When the order was accepted, to the millisecond; null if no order can have this id.</summary>
    public static DateTimeOffset? AcceptedAt(Guid id)
    {
        var milliseconds = BinaryPrimitives.ReadInt64BigEndian(id.ToByteArray(bigEndian: true)) >>> 16;
        return id.Version == 7 && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : null;
    }
}

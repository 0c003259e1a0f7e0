using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>What one read delivered from a stream and from the group's redrive stream.</summary>
internal readonly record struct NewEntries(StreamEntry[] Stream, StreamEntry[] Redrive)
{
    public int Count => Stream.Length + Redrive.Length;

    public bool IsEmpty => Count == 0;
}

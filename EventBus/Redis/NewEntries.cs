using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>What one read delivered from a stream and from the group's redrive stream.</summary>
internal readonly record struct NewEntries(StreamEntry[] Stream, StreamEntry[] Redrive)
{
    public bool IsEmpty => Stream.Length == 0 && Redrive.Length == 0;
}

using StackExchange.Redis;

namespace FanOut.EventBus.Reclaiming;

/// <summary>A consumer group as Postgres knows it.</summary>
internal sealed record RegisteredGroup(StreamName Stream, GroupName Name, EntryId Checkpoint, int MaxDeliveries, TimeSpan ReclaimAfter, TimeSpan LaneTimeout)
{
    public RedisKey StreamKey => StreamKeys.Stream(Stream);

    public RedisKey RedriveKey => StreamKeys.Redrive(Stream, Name);

    public RedisKey LanesKey => StreamKeys.Lanes(Stream, Name);
}

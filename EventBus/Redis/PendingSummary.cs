using StackExchange.Redis;

namespace FanOut.EventBus.Redis;

/// <summary>What one group has pending on one stream: in all, parked, and with one consumer.</summary>
internal readonly record struct PendingSummary(long Total, long Parked, long Own)
{
    public static PendingSummary Of(StreamPendingInfo info, string consumer)
    {
        long parked = 0, own = 0;
        foreach (var holder in info.Consumers)
        {
            if (holder.Name == StreamKeys.ParkedConsumer)
            {
                parked = holder.PendingMessageCount;
            }
            else if (holder.Name == consumer)
            {
                own = holder.PendingMessageCount;
            }
        }

        return new PendingSummary(info.PendingMessageCount, parked, own);
    }
}

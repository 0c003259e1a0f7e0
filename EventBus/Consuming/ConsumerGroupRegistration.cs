namespace FanOut.EventBus.Consuming;

/// <summary>A consumer group of this process and its handlers.</summary>
internal sealed class ConsumerGroupRegistration(GroupName group)
{
    public GroupName Group { get; } = group;

    public List<Subscription> Subscriptions { get; } = [];
}

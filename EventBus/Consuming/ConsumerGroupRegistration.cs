namespace FanOut.EventBus.Consuming;

/// <summary>What was added for one group of this process.</summary>
internal sealed class ConsumerGroupRegistration(StreamName stream, GroupName group)
{
    public StreamName Stream { get; } = stream;

    public GroupName Group { get; } = group;

    /// <summary>The name of the group's options.</summary>
    public string OptionsName => $"{Stream}/{Group}";

    public List<Subscription> Subscriptions { get; } = [];
}

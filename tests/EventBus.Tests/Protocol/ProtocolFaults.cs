namespace FanOut.EventBus.Tests.Protocol;

/// <summary>What is wrong with events at the moment.</summary>
internal sealed class ProtocolFaults
{
    private volatile bool _areRepaired;
    private volatile bool _areHealed;

    /// <summary>Whether refused events would now be handled.</summary>
    public bool AreRepaired
    {
        get => _areRepaired;
        set => _areRepaired = value;
    }

    /// <summary>Whether first deliveries no longer fail.</summary>
    public bool AreHealed
    {
        get => _areHealed;
        set => _areHealed = value;
    }
}

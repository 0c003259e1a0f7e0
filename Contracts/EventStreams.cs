namespace FanOut.Contracts;

/// <summary>The streams that the services share.</summary>
public static class EventStreams
{
    /// <summary>The events of orders.</summary>
    public const string Orders = "orders";
}

using System.Text.Json.Nodes;

namespace FanOut.EndToEnd.Tests.Running;

internal sealed record ReceivedWebhook(string Id, string TraceParent, byte[] Body)
{
    /// <summary>Null in a test event.</summary>
    public Guid? OrderId => (Guid?)JsonNode.Parse(Body)!["data"]!["orderId"];
}

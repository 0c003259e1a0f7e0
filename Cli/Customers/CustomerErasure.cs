using System.Text.Json.Serialization;

namespace FanOut.Cli.Customers;

/// <summary>What was erased of a customer, by place. <c>open</c> orders are still being handled and were left.</summary>
internal sealed record CustomerErasure(
    long Orders, long Open, long Events, long Entries, long DeadLetters, long DeadLetterCopies, long Mails, long MailFiles,
    long WebhookEvents, long Deliveries)
{
    [JsonIgnore]
    public bool IsComplete => Open == 0;
}

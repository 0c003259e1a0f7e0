using StackExchange.Redis;

namespace FanOut.EventBus.DeadLetters;

/// <summary>What an entry of a DLQ stream has beside the original fields.</summary>
internal static class DeadLetterFields
{
    public static readonly RedisValue Group = "dlq-group";
    public static readonly RedisValue Entry = "dlq-entry";
    public static readonly RedisValue Consumer = "dlq-consumer";
    public static readonly RedisValue Deliveries = "dlq-deliveries";
    public static readonly RedisValue Error = "dlq-error";
    public static readonly RedisValue Time = "dlq-time";
}

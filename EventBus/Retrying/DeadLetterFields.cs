using StackExchange.Redis;

namespace FanOut.EventBus.Retrying;

/// <summary>What an entry of a DLQ stream has before the event's own fields.</summary>
internal static class DeadLetterFields
{
    public static readonly RedisValue Group = "dlq-group";
    public static readonly RedisValue Number = "dlq-number";
    public static readonly RedisValue Position = "dlq-position";
    public static readonly RedisValue Error = "dlq-error";
    public static readonly RedisValue Attempts = "dlq-attempts";
    public static readonly RedisValue Time = "dlq-time";
}

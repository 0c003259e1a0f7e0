using System.Text;
using System.Text.Json;
using FanOut.EventBus.Wire;
using StackExchange.Redis;

namespace FanOut.EventBus.Retrying;

/// <summary>A row to be added to the retry queue.</summary>
internal sealed record NewRetry
{
    private const int MaxError = 2_000;

    private NewRetry()
    {
    }

    /// <summary>The position that the same transaction has taken; null where the entry is none of this outbox's events.</summary>
    public long? Position { get; private init; }

    /// <summary>The entry on the stream that it came from.</summary>
    public string? EntryId { get; private init; }

    /// <summary>The event; null where the entry could not be read as one.</summary>
    public WireEvent? Event { get; private init; }

    /// <summary>The fields of an entry that is no event, as a JSON array.</summary>
    public string? Fields { get; private init; }

    public bool IsDead { get; private init; }

    /// <summary>Deliveries that ended in a failure or not at all.</summary>
    public int Attempts { get; private init; }

    /// <summary>In what time it may be claimed.</summary>
    public TimeSpan Delay { get; private init; }

    public string Error { get; private init; } = "";

    /// <summary>An event to be handled later. Its position must have been taken in the same transaction.</summary>
    public static NewRetry Waiting(WireEvent wire, string? entryId, int attempts, TimeSpan delay, string error = "") => new()
    {
        Position = wire.Position,
        EntryId = entryId,
        Event = wire,
        Attempts = attempts,
        Delay = delay,
        Error = Clean(error),
    };

    /// <summary>A dead letter. The event's position must have been taken in the same transaction.</summary>
    public static NewRetry Dead(WireEvent wire, string? entryId, int attempts, string error) =>
        Waiting(wire, entryId, attempts, TimeSpan.Zero, error) with { IsDead = true };

    /// <summary>An entry whose position is not that of an event of this outbox. It takes no position.</summary>
    public static NewRetry Stray(WireEvent wire, string entryId) => new()
    {
        EntryId = entryId,
        Event = wire,
        IsDead = true,
        Error = $"The outbox does not have event {wire.Id} at position {wire.Position}: it is of a lost history, or another system wrote it.",
    };

    /// <summary>An entry that cannot be read as an event. It takes no position.</summary>
    public static NewRetry Malformed(NameValueEntry[] fields, string entryId, string error) => new()
    {
        EntryId = entryId,
        Fields = JsonSerializer.Serialize(
            fields.SelectMany(field => new[] { Text(field.Name), Text(field.Value) }).ToArray(), WireJson.Default.StringArray),
        IsDead = true,
        Error = Clean(error),
    };

    /// <summary>What Postgres takes as text: no null characters, no halves of surrogate pairs, not too long.</summary>
    internal static string Clean(string text)
    {
        var cut = text.Length <= MaxError ? text : text[..MaxError];
        return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(cut)).Replace('\0', '\uFFFD');
    }

    private static string Text(RedisValue value) => Encoding.UTF8.GetString(((ReadOnlyMemory<byte>)value).Span).Replace('\0', '\uFFFD');
}

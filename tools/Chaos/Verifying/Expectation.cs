using FanOut.Chaos.Load;

namespace FanOut.Chaos.Verifying;

/// <summary>What must hold, given the answers that clients got.</summary>
internal sealed record Expectation
{
    /// <summary>Every successful answer.</summary>
    public required IReadOnlyCollection<AcceptedOrder> Accepted { get; init; }

    /// <summary>Keys without an answer. Their orders may have been accepted.</summary>
    public IReadOnlyCollection<string> Unanswered { get; init; } = [];

    /// <summary>Keys that were answered 4xx, and the answer.</summary>
    public IReadOnlyDictionary<string, string> Refused { get; init; } = new Dictionary<string, string>();

    /// <summary>Keys of orders on which a group's handler always fails: their events must become dead letters.</summary>
    public IReadOnlySet<(string Group, string Key)> MustFail { get; init; } = new HashSet<(string, string)>();

    /// <summary>Ids of malformed entries. Each must become a dead letter of each group, unless Redis lost it before.</summary>
    public IReadOnlyCollection<string> Poison { get; init; } = [];

    /// <summary>
    /// Whether Redis lost data. Then entries that are not from the outbox, and dead letters on the DLQ streams, may be missing, and an event may
    /// stand on the stream twice.
    /// </summary>
    public bool RedisLostData { get; init; }

    /// <summary>Whether Postgres has ever lost commits. What it lost of the outbox becomes dead letters where it is met on the stream.</summary>
    public bool PostgresLostData { get; init; }

    /// <summary>Entries that existed when Redis lost data.</summary>
    public IReadOnlySet<string> Forgotten { get; init; } = new HashSet<string>();
}

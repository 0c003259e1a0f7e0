using FanOut.Chaos.Load;

namespace FanOut.Chaos.Verifying;

/// <summary>What must be true, from what clients were told.</summary>
internal sealed record Expectation
{
    /// <summary>Every answer of success, by every client.</summary>
    public required IReadOnlyCollection<AcceptedOrder> Accepted { get; init; }

    /// <summary>Keys that never got an answer: whether their orders were accepted nobody can know.</summary>
    public IReadOnlyCollection<string> Unanswered { get; init; } = [];

    /// <summary>Keys that were answered with an error of the client's, and what it said.</summary>
    public IReadOnlyDictionary<string, string> Refused { get; init; } = new Dictionary<string, string>();

    /// <summary>Orders, by their keys, whose events a group must dead-letter rather than take effect: its handler always fails on them.</summary>
    public IReadOnlySet<(string Group, string Key)> MustFail { get; init; } = new HashSet<(string, string)>();

    /// <summary>Ids of entries that are no events. Each group must dead-letter each of them, unless Redis lost it before.</summary>
    public IReadOnlyCollection<string> Poison { get; init; } = [];

    /// <summary>Ids that Postgres cannot hold and no publisher of ours writes. These entries stand on each group's DLQ stream only.</summary>
    public IReadOnlyCollection<string> SetAside { get; init; } = [];

    /// <summary>Whether Redis lost data. Then entries that were not published through the outbox, and the DLQ streams, may lack some.</summary>
    public bool RedisLostData { get; init; }

    /// <summary>Entries that were there when Redis lost data before.</summary>
    public IReadOnlySet<string> Forgotten { get; init; } = new HashSet<string>();
}

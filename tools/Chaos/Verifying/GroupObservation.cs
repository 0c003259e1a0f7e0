namespace FanOut.Chaos.Verifying;

/// <summary>What was found of one group.</summary>
internal sealed record GroupObservation
{
    public required string Name { get; init; }

    public required IReadOnlyList<Effect> Effects { get; init; }

    /// <summary>Further books in which each effect must stand once, such as webhooks to be sent.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<Effect>> FurtherEffects { get; init; } = new Dictionary<string, IReadOnlyList<Effect>>();

    public IReadOnlyList<RecordedDeadLetter> DeadLetters { get; init; } = [];

    /// <summary>The ids of the entries that the letters on the DLQ stream are of, each as often as it is there.</summary>
    public IReadOnlyList<string> LettersOnStream { get; init; } = [];

    /// <summary>Entries of the stream and of the redrive stream that were delivered and are not finished.</summary>
    public IReadOnlyList<string> Pending { get; init; } = [];

    /// <summary>Entries that are not delivered yet.</summary>
    public IReadOnlyList<string> Unread { get; init; } = [];

    /// <summary>Dead letters that are on record and that Redis was not told of.</summary>
    public IReadOnlyList<string> Unprojected { get; init; } = [];
}

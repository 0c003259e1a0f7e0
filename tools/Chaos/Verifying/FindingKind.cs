namespace FanOut.Chaos.Verifying;

internal enum FindingKind
{
    /// <summary>It should be there and is not.</summary>
    Lost,

    /// <summary>It is there more often than once.</summary>
    Doubled,

    /// <summary>It is there and should not be.</summary>
    Unexpected,

    /// <summary>It is still on its way, although nothing is in its way any more.</summary>
    Stuck,
}

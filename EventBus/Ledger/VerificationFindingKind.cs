namespace FanOut.EventBus.Ledger;

/// <summary>What is wrong with an event.</summary>
public enum VerificationFindingKind
{
    /// <summary>It should be somewhere and is nowhere: a group has passed it without having done it, or the stream lacks it.</summary>
    Missing,

    /// <summary>It is there more than once: published under two ids, or once more by somebody else.</summary>
    Doubled,

    /// <summary>It is on its way and has not moved for long.</summary>
    Stuck,
}

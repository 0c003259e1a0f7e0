namespace FanOut.EventBus.Tests.Ledger;

/// <summary>What somebody may do to a group's inbox.</summary>
internal enum InboxStep
{
    /// <summary>A lane handles some events in a row.</summary>
    Handle,

    /// <summary>An event becomes a dead letter.</summary>
    Bury,

    /// <summary>A person redrives a dead letter.</summary>
    Redrive,

    /// <summary>Adjacent ranges are made one.</summary>
    Compact,

    /// <summary>The ledger looks whether anything is missing: the first part of a merge.</summary>
    Look,

    /// <summary>Where nothing was, it reads the ranges that there are now: the second.</summary>
    Plan,

    /// <summary>And makes one of them, whatever has happened since: the third.</summary>
    Merge,

    /// <summary>The ledger does all three at once.</summary>
    Check,

    /// <summary>The reclaimer looks after redriven letters.</summary>
    Care,
}

namespace FanOut.Protocol.Tests.Model;

/// <summary>
/// The rules of the protocol, each of which can be switched off. A test switches off one after the other and expects that a promise breaks:
/// that shows both what the rule is for and that the model can fail.
/// </summary>
internal sealed record Rules
{
    // Publishing

    /// <summary>next_position assigns the transaction's xid before it draws the position.</summary>
    public bool AssignXidBeforePosition { get; init; } = true;

    /// <summary>Every read looks for rows in all gaps.</summary>
    public bool ProbeAllGaps { get; init; } = true;

    /// <summary>A gap is given up by an xid of the relay's own, drawn after the read; not by that read's pg_snapshot_xmax.</summary>
    public bool GiveUpGapsByOwnXid { get; init; } = true;

    /// <summary>Makes the design precise: a read that stopped at its limit gives up only gaps below its last row.</summary>
    public bool GiveUpOnlyGapsTheReadReached { get; init; } = true;

    /// <summary>The open gaps are kept beside the stream, for the next relay.</summary>
    public bool KeepGapsWithState { get; init; } = true;

    /// <summary>An append compares the state's seq with the one that the relay knows.</summary>
    public bool CompareSeq { get; init; } = true;

    /// <summary>A seq is never used twice: run id and counter, not a counter alone.</summary>
    public bool UniqueSeq { get; init; } = true;

    /// <summary>Entries and state are written by one script.</summary>
    public bool AppendWithState { get; init; } = true;

    /// <summary>Before going on, the relay looks for the state's event in the outbox.</summary>
    public bool CheckStateEvent { get; init; } = true;

    /// <summary>Mends the design: at or below the lowest done_through the outbox may be pruned. The state's event is not looked for there.</summary>
    public bool CheckStateEventOnlyAboveDoneThrough { get; init; } = true;

    /// <summary>Before a new stream because of the outbox, a new generation is committed. Who finds a higher one in the state stops.</summary>
    public bool NewGenerationFirst { get; init; } = true;

    /// <summary>Who finds the state of an outbox that is not its own, nor was in an earlier generation, leaves it alone.</summary>
    public bool StopAtAnotherOutbox { get; init; } = true;

    /// <summary>
    /// Mends the design: the stream's row knows its earlier outbox ids. Otherwise a lower generation of another system is taken for its own.
    /// </summary>
    public bool RememberEarlierOutboxes { get; init; } = true;

    /// <summary>A stream is begun, or made anew, only if the state is still the one that was found.</summary>
    public bool BeginOnlyOnFoundState { get; init; } = true;

    /// <summary>A stream whose ids are used up is made anew.</summary>
    public bool RemakeWhenIdsAreUsedUp { get; init; } = true;

    // Consuming

    /// <summary>Positions are inserted first; done_through is read by a second statement.</summary>
    public bool InsertBeforeReadingDoneThrough { get; init; } = true;

    /// <summary>Each position above done_through is compared with the outbox, not only the highest.</summary>
    public bool CheckOutboxForEachPosition { get; init; } = true;

    /// <summary>A transaction that met a stray is rolled back, so that the stray takes no position.</summary>
    public bool RollBackStrays { get; init; } = true;

    /// <summary>Makes the design precise: a second stray under an entry id that was used before is no error.</summary>
    public bool IgnoreSecondStrayOfAnId { get; init; } = true;

    /// <summary>Subscriptions are read in the lane's transaction, not remembered from the lane's start.</summary>
    public bool ReadSubscriptionsInTransaction { get; init; } = true;

    /// <summary>A subscribed type that this process does not know becomes a retry row.</summary>
    public bool KeepUnknownTypesForOthers { get; init; } = true;

    // Retry

    /// <summary>No retry row without having taken its position in the same transaction.</summary>
    public bool TakePositionWithRetryRow { get; init; } = true;

    /// <summary>A worker claims only types that it knows.</summary>
    public bool ClaimOnlyKnownTypes { get; init; } = true;

    /// <summary>A claim of many counts no attempt.</summary>
    public bool ClaimOfManyCountsNothing { get; init; } = true;

    /// <summary>What a claim of many left unfinished is claimed alone, which counts an attempt before the handler runs.</summary>
    public bool CountLoneClaims { get; init; } = true;

    /// <summary>The handler's transaction deletes its own row first, if the claim is still the worker's.</summary>
    public bool DeleteOwnRowFirst { get; init; } = true;

    /// <summary>Makes the design precise: a redrive leaves out strays, which are no events of this outbox.</summary>
    public bool RedriveOnlyEvents { get; init; } = true;

    // Reclaimer

    /// <summary>done_through rises only over what committed transactions have taken.</summary>
    public bool RaiseOnlyOverCommitted { get; init; } = true;

    /// <summary>done_through rises to a horizon only when pg_snapshot_xmin is above an xid drawn after it.</summary>
    public bool HorizonWaitsForItsXid { get; init; } = true;

    /// <summary>Mends the design: a horizon is used only in the session that drew it. After a failover its positions may be drawn again.</summary>
    public bool HorizonEndsWithItsSession { get; init; } = true;

    /// <summary>done_through is raised and ranges below it are deleted in one transaction.</summary>
    public bool RaiseAndDeleteTogether { get; init; } = true;

    /// <summary>What the stream lost comes from the outbox.</summary>
    public bool Reconcile { get; init; } = true;

    /// <summary>Mends the design: reconciling inserts first and reads done_through second, as a lane does. One statement would do neither.</summary>
    public bool ReconcileInsertsBeforeReadingDoneThrough { get; init; } = true;

    /// <summary>
    /// Mends the design: a group has passed a noted end when nothing up to it is left to deliver. What was trimmed is never delivered,
    /// so last-delivered alone may stay below that end for ever.
    /// </summary>
    public bool BarrierAsksWhatIsLeft { get; init; } = true;

    /// <summary>When Redis' clock went back, everything pending is touched once.</summary>
    public bool TouchPendingWhenClockWentBack { get; init; } = true;

    /// <summary>
    /// Mends the design: on a new connection everything pending is touched too. The clock may have gone back while this replica did not run,
    /// and a Redis that lost its tail may have lost the touching.
    /// </summary>
    public bool TouchPendingOnNewConnection { get; init; } = true;

    /// <summary>A group that starts Now waits for its horizon.</summary>
    public bool NowWaitsForItsHorizon { get; init; } = true;

    public static IEnumerable<string> All => typeof(Rules).GetProperties().Where(rule => rule.PropertyType == typeof(bool)).Select(rule => rule.Name);

    public static Rules Without(string rule)
    {
        var rules = new Rules();
        typeof(Rules).GetProperty(rule)!.SetValue(rules, false);
        return rules;
    }
}

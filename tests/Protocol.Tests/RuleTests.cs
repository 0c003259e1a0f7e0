using FanOut.Protocol.Tests.Cases;
using FanOut.Protocol.Tests.Model;
using Xunit;

namespace FanOut.Protocol.Tests;

/// <summary>A model that cannot fail proves nothing. Without any one of the rules, the case that needs it breaks a promise.</summary>
public sealed class RuleTests
{
    private static readonly Dictionary<string, Action<Stage>> Breaks = new()
    {
        [nameof(Rules.AssignXidBeforePosition)] = PublishingCases.PositionDrawnBeforeXid,
        [nameof(Rules.ProbeAllGaps)] = PublishingCases.CauseCommitsLate,
        [nameof(Rules.GiveUpGapsByOwnXid)] = PublishingCases.GapHeldByXidAboveSnapshot,
        [nameof(Rules.GiveUpOnlyGapsTheReadReached)] = PublishingCases.MoreGapsAreFilledThanOneReadReturns,
        [nameof(Rules.StopAtAnotherOutbox)] = PublishingCases.AnotherSystemClaimsStream,
        [nameof(Rules.RememberEarlierOutboxes)] = PublishingCases.AnotherSystemClaimsStreamInLowerGeneration,
        [nameof(Rules.BeginOnlyOnFoundState)] = PublishingCases.TwoRelaysBeginStream,
        [nameof(Rules.KeepGapsWithState)] = PublishingCases.RelayTakesOverWithOpenGap,
        [nameof(Rules.CompareSeq)] = PublishingCases.SecondRelayAppendsSameRows,
        [nameof(Rules.UniqueSeq)] = PublishingCases.RedisGoesBackUnderRelay,
        [nameof(Rules.AppendWithState)] = PublishingCases.RelayDiesWhileAppending,
        [nameof(Rules.CheckStateEvent)] = PublishingCases.PostgresLosesPublishedEvents,
        [nameof(Rules.CheckStateEventOnlyAboveDoneThrough)] = PublishingCases.StateEventIsPruned,
        [nameof(Rules.NewGenerationFirst)] = PublishingCases.RelayStaysOnDemotedNode,
        [nameof(Rules.RemakeWhenIdsAreUsedUp)] = PublishingCases.ForeignEntryUsesUpIds,
        [nameof(Rules.InsertBeforeReadingDoneThrough)] = ConsumingCases.LaneComesBackAfterRaise,
        [nameof(Rules.CheckOutboxForEachPosition)] = ConsumingCases.PageHasStrayBelowRealEvent,
        [nameof(Rules.RollBackStrays)] = ConsumingCases.StrayClaimsPositionOfComingEvent,
        [nameof(Rules.IgnoreSecondStrayOfAnId)] = ConsumingCases.TwoStraysShareAnEntryId,
        [nameof(Rules.ReadSubscriptionsInTransaction)] = ConsumingCases.NewVersionSubscribesWhileOldLaneRuns,
        [nameof(Rules.KeepUnknownTypesForOthers)] = ConsumingCases.NewVersionSubscribesWhileOldLaneRuns,
        [nameof(Rules.TakePositionWithRetryRow)] = RetryCases.ReclaimerTakesEntryOfSlowLane,
        [nameof(Rules.ClaimOnlyKnownTypes)] = RetryCases.OldWorkerMeetsNewType,
        [nameof(Rules.ClaimOfManyCountsNothing)] = RetryCases.RepliesOfClaimsAreLost,
        [nameof(Rules.CountLoneClaims)] = RetryCases.EventKillsItsProcess,
        [nameof(Rules.DeleteOwnRowFirst)] = RetryCases.LeaseEndsWhileHandlerRuns,
        [nameof(Rules.RedriveOnlyEvents)] = RetryCases.RedriveMeetsStray,
        [nameof(Rules.RaiseOnlyOverCommitted)] = MaintenanceCases.LaneRollsBackAfterRaise,
        [nameof(Rules.HorizonWaitsForItsXid)] = MaintenanceCases.RaiseMeetsOpenOrder,
        [nameof(Rules.HorizonEndsWithItsSession)] = MaintenanceCases.PositionsBelowHorizonAreDrawnAgain,
        [nameof(Rules.RaiseAndDeleteTogether)] = MaintenanceCases.LaneComesBackBetweenDeleteAndRaise,
        [nameof(Rules.Reconcile)] = MaintenanceCases.RedisLosesDeliveredEntries,
        [nameof(Rules.ReconcileInsertsBeforeReadingDoneThrough)] = MaintenanceCases.EventIsDoneAndRaisedOverWhileReconciling,
        [nameof(Rules.BarrierAsksWhatIsLeft)] = MaintenanceCases.UndeliveredEntriesAreTrimmed,
        [nameof(Rules.TouchPendingWhenClockWentBack)] = MaintenanceCases.ClockOfRedisGoesBack,
        [nameof(Rules.TouchPendingOnNewConnection)] = MaintenanceCases.ClockGoesBackWhileNoMaintainerRuns,
        [nameof(Rules.NowWaitsForItsHorizon)] = MaintenanceCases.GroupStartsNowBesideOpenOrder,
    };

    public static TheoryData<string> AllRules => [.. Rules.All];

    [Theory]
    [MemberData(nameof(AllRules))]
    public void Without_this_rule_a_promise_breaks(string rule)
    {
        var script = Breaks[rule];

        Assert.Throws<ViolationException>(() => script(new Stage(Rules.Without(rule))));
    }
}

using FanOut.Protocol.Tests.Cases;
using FanOut.Protocol.Tests.Model;
using Xunit;

namespace FanOut.Protocol.Tests;

/// <summary>The scripted cases, with all rules: every promise holds.</summary>
public sealed class CaseTests
{
    [Fact]
    public void A_late_commit_is_published_before_its_effects() => Run(PublishingCases.CauseCommitsLate);

    [Fact]
    public void A_position_is_not_given_up_while_its_order_is_open() => Run(PublishingCases.PositionDrawnBeforeXid);

    [Fact]
    public void A_gap_outlives_the_snapshot_that_found_it() => Run(PublishingCases.GapHeldByXidAboveSnapshot);

    [Fact]
    public void A_full_page_gives_up_no_gap_above_its_last_row() => Run(PublishingCases.MoreGapsAreFilledThanOneReadReturns);

    [Fact]
    public void A_new_relay_knows_the_gaps_of_the_last_one() => Run(PublishingCases.RelayTakesOverWithOpenGap);

    [Fact]
    public void Two_relays_publish_each_event_once() => Run(PublishingCases.SecondRelayAppendsSameRows);

    [Fact]
    public void A_relay_that_dies_while_appending_publishes_nothing_twice() => Run(PublishingCases.RelayDiesWhileAppending);

    [Fact]
    public void A_relay_with_an_old_batch_skips_no_event_after_Redis_went_back() => Run(PublishingCases.RedisGoesBackUnderRelay);

    [Fact]
    public void A_deleted_stream_loses_no_effect() => Run(PublishingCases.StreamIsDeleted);

    [Fact]
    public void A_foreign_entry_with_the_highest_id_stops_nothing() => Run(PublishingCases.ForeignEntryUsesUpIds);

    [Fact]
    public void Two_relays_begin_one_stream() => Run(PublishingCases.TwoRelaysBeginStream);

    [Fact]
    public void Positions_that_Postgres_hands_out_again_are_published_again() => Run(PublishingCases.PostgresLosesPublishedEvents);

    [Fact]
    public void A_pruned_outbox_is_no_reason_to_make_the_stream_anew() => Run(PublishingCases.StateEventIsPruned);

    [Fact]
    public void A_relay_on_a_demoted_node_leaves_the_stream_alone() => Run(PublishingCases.RelayStaysOnDemotedNode);

    [Fact]
    public void The_stream_of_another_system_is_left_alone() => Run(PublishingCases.AnotherSystemClaimsStream);

    [Fact]
    public void The_stream_of_a_younger_system_is_left_alone() => Run(PublishingCases.AnotherSystemClaimsStreamInLowerGeneration);

    [Fact]
    public void A_lane_that_comes_back_late_handles_nothing_twice() => Run(ConsumingCases.LaneComesBackAfterRaise);

    [Fact]
    public void A_stray_below_a_real_event_has_no_effect() => Run(ConsumingCases.PageHasStrayBelowRealEvent);

    [Fact]
    public void A_stray_takes_no_position_of_a_coming_event() => Run(ConsumingCases.StrayClaimsPositionOfComingEvent);

    [Fact]
    public void Two_strays_with_one_entry_id_stop_no_group() => Run(ConsumingCases.TwoStraysShareAnEntryId);

    [Fact]
    public void An_entry_that_stands_on_the_stream_twice_has_one_effect() => Run(ConsumingCases.EntryStandsOnStreamTwice);

    [Fact]
    public void An_old_lane_keeps_new_types_for_the_new_version() => Run(ConsumingCases.NewVersionSubscribesWhileOldLaneRuns);

    [Fact]
    public void An_entry_taken_from_a_slow_lane_has_one_effect() => Run(RetryCases.ReclaimerTakesEntryOfSlowLane);

    [Fact]
    public void An_old_worker_leaves_new_types_alone() => Run(RetryCases.OldWorkerMeetsNewType);

    [Fact]
    public void Lost_claims_make_no_dead_letter() => Run(RetryCases.RepliesOfClaimsAreLost);

    [Fact]
    public void An_event_that_kills_its_process_is_found_and_others_are_not_blamed() => Run(RetryCases.EventKillsItsProcess);

    [Fact]
    public void A_lease_that_ends_under_a_handler_causes_no_second_effect() => Run(RetryCases.LeaseEndsWhileHandlerRuns);

    [Fact]
    public void A_redrive_gives_no_stray_to_a_handler() => Run(RetryCases.RedriveMeetsStray);

    [Fact]
    public void done_through_waits_for_an_open_order() => Run(MaintenanceCases.RaiseMeetsOpenOrder);

    [Fact]
    public void done_through_waits_for_an_open_inbox_row() => Run(MaintenanceCases.LaneRollsBackAfterRaise);

    [Fact]
    public void A_horizon_does_not_outlive_a_failover() => Run(MaintenanceCases.PositionsBelowHorizonAreDrawnAgain);

    [Fact]
    public void A_lane_between_delete_and_raise_handles_nothing_twice() => Run(MaintenanceCases.LaneComesBackBetweenDeleteAndRaise);

    [Fact]
    public void What_Redis_lost_after_delivery_comes_from_the_outbox() => Run(MaintenanceCases.RedisLosesDeliveredEntries);

    [Fact]
    public void Reconciling_repeats_no_event_that_was_done_meanwhile() => Run(MaintenanceCases.EventIsDoneAndRaisedOverWhileReconciling);

    [Fact]
    public void What_was_trimmed_undelivered_comes_from_the_outbox() => Run(MaintenanceCases.UndeliveredEntriesAreTrimmed);

    [Fact]
    public void Lower_ids_after_a_new_stream_hold_up_no_group() => Run(MaintenanceCases.StreamIsMadeAnewWithLowerIds);

    [Fact]
    public void A_gap_filled_after_the_noted_end_has_one_effect() => Run(MaintenanceCases.GapIsFilledAfterEndWasNoted);

    [Fact]
    public void Pending_entries_become_idle_after_Redis_clock_went_back() => Run(MaintenanceCases.ClockOfRedisGoesBack);

    [Fact]
    public void Pending_entries_become_idle_though_nobody_saw_the_clock_go_back() => Run(MaintenanceCases.ClockGoesBackWhileNoMaintainerRuns);

    [Fact]
    public void A_group_that_starts_now_gets_what_commits_afterwards() => Run(MaintenanceCases.GroupStartsNowBesideOpenOrder);

    private static void Run(Action<Stage> script) => script(new Stage(new Rules()));
}

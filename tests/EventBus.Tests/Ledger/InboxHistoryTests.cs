using CsCheck;

namespace FanOut.EventBus.Tests.Ledger;

/// <summary>Whatever is done to a group's inbox, and in whatever order: of the ids that are an event's it covers those that were handled or are dead, no others, and none is forgotten.</summary>
public sealed class InboxHistoryTests
{
    private static readonly Gen<(InboxStep Step, int Choice)[]> Steps = Gen.Select(
        Gen.Frequency(
            (6, InboxStep.Handle),
            (3, InboxStep.Bury),
            (4, InboxStep.Redrive),
            (2, InboxStep.Compact),
            (3, InboxStep.Look),
            (3, InboxStep.Plan),
            (3, InboxStep.Merge),
            (1, InboxStep.Check),
            (1, InboxStep.Care)),
        Gen.Int[0, 1_000]).Array[5, 40];

    [Fact]
    public async Task Redrives_compaction_and_merges_in_any_order_gain_and_lose_no_event()
    {
        await using var world = await InboxHistory.CreateAsync();
        await Gen.Select(Gen.Int[0, 12], Gen.Int[0, 12], Steps).SampleAsync(
            async (decided, dead, steps) =>
            {
                await world.BeginAsync(decided, dead);
                foreach (var (step, choice) in steps)
                {
                    await world.TakeAsync(step, choice);
                    if (step is not (InboxStep.Handle or InboxStep.Bury or InboxStep.Look or InboxStep.Plan))
                    {
                        await world.AssertAsync();
                    }
                }

                await world.AssertAsync();
            },
            time: Effort.Seconds(6),
            threads: 1);
    }
}

using CsCheck;

namespace FanOut.EventBus.Tests.Publishing;

/// <summary>The relay's steps on real servers, against what writers have committed.</summary>
public sealed class RelayHistoryTests
{
    private static readonly Gen<(RelayStep Step, int Choice)[]> Steps = Gen.Select(
        Gen.Frequency(
            (8, RelayStep.Write),
            (5, RelayStep.Commit),
            (2, RelayStep.RollBack),
            (6, RelayStep.Fix),
            (6, RelayStep.Append),
            (2, RelayStep.AppendAny),
            (2, RelayStep.Succeed),
            (1, RelayStep.LoseTail),
            (1, RelayStep.LoseAll)),
        Gen.Int[0, 1_000]).Array[5, 60];

    [Fact]
    public async Task What_is_committed_is_published_once_under_its_first_id_and_after_its_causes()
    {
        await using var world = await OutboxWorld.CreateAsync();
        await Steps.SampleAsync(
            async steps =>
            {
                await using var history = await RelayHistory.BeginAsync(world);
                foreach (var (step, choice) in steps)
                {
                    await history.TakeAsync(step, choice);
                }

                await history.FinishAsync();
            },
            time: Effort.Seconds(6),
            threads: 1);
    }
}

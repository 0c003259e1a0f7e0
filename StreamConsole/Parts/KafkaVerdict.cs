using FanOut.Contracts.Operations;

namespace FanOut.StreamConsole.Parts;

/// <summary>What the measurements say, in words.</summary>
/// <param name="Word">For the badge.</param>
/// <param name="Tone">Its colour.</param>
/// <param name="Title">The verdict.</param>
/// <param name="Next">What to do next.</param>
internal sealed record KafkaVerdict(string Word, string Tone, string Title, string Next)
{
    /// <summary>So far ahead a team should begin to plan.</summary>
    public const double PlanWithinDays = 90;

    public static KafkaVerdict Of(KafkaTriggerStatus trigger)
    {
        var over = trigger.Criteria.Where(criterion => criterion.IsOver).Select(NameOf).ToArray();
        if (trigger.IsDue)
        {
            return new(
                "due", "bad", "It is time to move to Kafka.",
                $"Over the limit: {string.Join(", ", over)}. Follow the advice below, or begin to move.");
        }

        if (trigger.Criteria.Where(criterion => criterion.DaysLeft <= PlanWithinDays).MinBy(criterion => criterion.DaysLeft) is { } next)
        {
            return new(
                "plan", "warn", $"One Redis is enough for about {Format.Days(next.DaysLeft!.Value)} more.",
                $"By its trend, {NameOf(next)} reaches the limit then. Plan the move now.");
        }

        var unknown = trigger.Criteria.Where(criterion => criterion.Value is null).Select(NameOf).ToArray();
        return unknown.Length > 0
            ? new("stay", "good", "No need for Kafka, as far as is known.", $"Not measured yet: {string.Join(", ", unknown)}.")
            : new("stay", "good", "One Redis is enough.", "Nothing to do. The trend warns you months ahead.");
    }

    /// <summary>A criterion as a person calls it.</summary>
    public static string NameOf(KafkaCriterion criterion) => criterion.Name switch
    {
        "rate" => "events a second",
        "retention" => "retention",
        "groups" => "consumer groups",
        var other => other,
    };
}

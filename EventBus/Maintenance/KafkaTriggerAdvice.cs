namespace FanOut.EventBus.Maintenance;

/// <summary>What to do next about a criterion of the <see cref="KafkaTrigger"/>, in one sentence.</summary>
internal static class KafkaTriggerAdvice
{
    /// <summary>A move takes a team about this long to prepare.</summary>
    private const double SoonDays = 90;

    public static string Of(string name, double? value, double limit, double? daysLeft) => (name, value > limit, daysLeft) switch
    {
        ("rate", true, _) => "Begin the move to Kafka, the least critical group first, as docs/kafka.md says.",
        ("retention", true, _) =>
            "Add workers to the group that is furthest behind, or lower RetentionNeed; if events must stay for so long, begin the move to Kafka.",
        ("groups", true, _) => "Unregister the groups that nobody needs any more, or begin the move to Kafka.",
        (_, _, < 1) => "Begin the move to Kafka: by the trend the limit is reached today.",
        (_, _, < SoonDays and var days) => FormattableString.Invariant(
            $"Prepare the move to Kafka as docs/kafka.md says: by the trend the limit is reached in about {days:0} days."),
        _ when value is null => "Wait: the value is known when one whole window has passed since the reclaimer started.",
        _ => "Nothing to do.",
    };
}

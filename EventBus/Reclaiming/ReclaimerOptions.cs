using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus.Reclaiming;

/// <summary>How a reclaimer looks after the groups of the stream. Configuration section <see cref="SectionName"/>. What is due, and when a lane is dead, the groups' own settings say.</summary>
public sealed class ReclaimerOptions : IValidatableObject
{
    /// <summary>The configuration section: <c>EventBus:Reclaimer</c>.</summary>
    public const string SectionName = "EventBus:Reclaimer";

    /// <summary>How often all groups are looked after and sampled. 50 ms to 1 minute, default 1 second.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many due entries one script call looks at; Redis serves nobody else meanwhile (about 0.3 ms for 200). 1 to 1,000, default 200.</summary>
    [Range(1, 1_000, ErrorMessage = SectionName + ":HandOverCount must be 1 to 1000 entries.")]
    public int HandOverCount { get; set; } = 200;

    /// <summary>A lane with so many entries pending is given no more; what it can't take waits. 1 to 1,000,000, default 10,000.</summary>
    [Range(1, 1_000_000, ErrorMessage = SectionName + ":LaneLimit must be 1 to 1000000 entries.")]
    public int LaneLimit { get; set; } = 10_000;

    /// <summary>How often the inbox is compacted. 1 second to 1 day, default 10 seconds.</summary>
    public TimeSpan CompactInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often what a group has done is compared with what the outbox published. 1 second to 1 day, default 10 seconds.</summary>
    public TimeSpan LedgerInterval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A group whose first undelivered event is older than this makes the health check say Degraded. 1 second to 30 days, default 1 minute.</summary>
    public TimeSpan LagWarning { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>When Redis' memory will be used up, or the stream will reach its hard cap, within this time, the health check says Degraded. 1 minute to 30 days, default 1 hour.</summary>
    public TimeSpan CapacityWarning { get; set; } = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value, least, most) in new[]
        {
            (nameof(Interval), Interval, TimeSpan.FromMilliseconds(50), TimeSpan.FromMinutes(1)),
            (nameof(CompactInterval), CompactInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            (nameof(LedgerInterval), LedgerInterval, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1)),
            (nameof(LagWarning), LagWarning, TimeSpan.FromSeconds(1), TimeSpan.FromDays(30)),
            (nameof(CapacityWarning), CapacityWarning, TimeSpan.FromMinutes(1), TimeSpan.FromDays(30)),
        })
        {
            if (value < least || value > most)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {least} to {most}.", [name]);
            }
        }
    }
}

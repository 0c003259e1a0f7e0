using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus.Reclaiming;

/// <summary>When it is time to move to Kafka. Configuration section <see cref="SectionName"/>.</summary>
public sealed class KafkaTriggerOptions : IValidatableObject
{
    /// <summary>The configuration section: <c>EventBus:KafkaTrigger</c>.</summary>
    public const string SectionName = "EventBus:KafkaTrigger";

    /// <summary>The sustained rate, in events a second, above which Redis Streams is no longer the place. Default 80,000.</summary>
    [Range(1, 100_000_000, ErrorMessage = SectionName + ":Rate must be 1 to 100000000 events a second.")]
    public int Rate { get; set; } = 80_000;

    /// <summary>How long a rate must last, on average, to count as sustained. 10 seconds to 1 day, default 10 minutes.</summary>
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The retention above which the stream no longer belongs into memory. 1 hour to 365 days, default 48 hours.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromHours(48);

    /// <summary>How far back your consumers must be able to go on the stream itself, where that is more than what they are seen to need. Zero to 3,650 days, default zero.</summary>
    public TimeSpan RetentionNeed { get; set; }

    /// <summary>The number of consumer groups above which fan-out costs too much on one node. Default 20.</summary>
    [Range(1, 10_000, ErrorMessage = SectionName + ":Groups must be 1 to 10000.")]
    public int Groups { get; set; } = 20;

    /// <summary>How many days the trend looks back at. 3 to 365 days, default 14.</summary>
    public TimeSpan TrendWindow { get; set; } = TimeSpan.FromDays(14);

    /// <summary>How often it is evaluated. 1 second to 1 hour, default 10 seconds.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value, least, most) in new[]
        {
            (nameof(Window), Window, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1)),
            (nameof(Retention), Retention, TimeSpan.FromHours(1), TimeSpan.FromDays(365)),
            (nameof(RetentionNeed), RetentionNeed, TimeSpan.Zero, TimeSpan.FromDays(3_650)),
            (nameof(TrendWindow), TrendWindow, TimeSpan.FromDays(3), TimeSpan.FromDays(365)),
            (nameof(Interval), Interval, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
        })
        {
            if (value < least || value > most)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {least} to {most}.", [name]);
            }
        }
    }
}

using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>When it is time to move to Kafka. Configuration section <see cref="SectionName"/>.</summary>
public sealed class KafkaTriggerOptions
{
    /// <summary>The configuration section: <c>EventBus:KafkaTrigger</c>.</summary>
    public const string SectionName = "EventBus:KafkaTrigger";

    private const string Limits = SectionName + ":{0} must be from {1} to {2}.";

    /// <summary>The sustained rate, in events a second, above which Redis Streams is no longer the place. Default 80,000.</summary>
    [Range(1, 100_000_000, ErrorMessage = Limits)]
    public int MaxRate { get; set; } = 80_000;

    /// <summary>How long a rate must last, on average, to count as sustained. 10 seconds to 1 day, default 10 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "1.00:00:00", ErrorMessage = Limits)]
    public TimeSpan Window { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>The retention above which the stream no longer belongs into memory. 1 hour to 365 days, default 48 hours.</summary>
    [Range(typeof(TimeSpan), "01:00:00", "365.00:00:00", ErrorMessage = Limits)]
    public TimeSpan MaxRetention { get; set; } = TimeSpan.FromHours(48);

    /// <summary>
    /// How far back your consumers must be able to go on the stream itself, where that is more than what they are seen to need. Zero to 3,650 days,
    /// default zero.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00", "3650.00:00:00", ErrorMessage = Limits)]
    public TimeSpan RetentionNeed { get; set; }

    /// <summary>The number of consumer groups above which fan-out costs too much on one node. Default 20.</summary>
    [Range(1, 10_000, ErrorMessage = Limits)]
    public int MaxGroups { get; set; } = 20;

    /// <summary>How many days the trend looks back at. 3 to 365 days, default 14.</summary>
    [Range(typeof(TimeSpan), "3.00:00:00", "365.00:00:00", ErrorMessage = Limits)]
    public TimeSpan TrendWindow { get; set; } = TimeSpan.FromDays(14);
}

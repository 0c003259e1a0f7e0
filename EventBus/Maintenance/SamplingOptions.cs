using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>
/// How often a stream is sampled, and from when on the reclaimer's health check warns. Configuration section <see cref="SectionName"/>, as for
/// everything else that a reclaimer does.
/// </summary>
public sealed class SamplingOptions
{
    /// <summary>The configuration section: <c>EventBus:Reclaimer</c>.</summary>
    public const string SectionName = "EventBus:Reclaimer";

    private const string Limits = SectionName + ":{0} must be from {1} to {2}.";

    /// <summary>How often a sample is taken. 100 milliseconds to 1 minute, default 2 seconds.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00", ErrorMessage = Limits)]
    public TimeSpan SampleInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>
    /// The number of entries above which the stream is trimmed past the slowest group, for <see cref="StreamSample.LengthLeft"/>.
    /// Read from the section <c>EventBus:Outbox</c>, where the relay has it from. 0 for no limit, default 5,000,000.
    /// </summary>
    [Range(0, long.MaxValue, ErrorMessage = "EventBus:Outbox:MaxStreamLength must be 0 (no limit) or more entries.")]
    public long MaxStreamLength { get; set; } = 5_000_000;

    /// <summary>
    /// A group that has not taken an event of this age makes the health check say Degraded. 1 second to 30 days, default 1 minute.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:01", "30.00:00:00", ErrorMessage = Limits)]
    public TimeSpan LagWarning { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>
    /// When Redis' memory will be used up, or the stream will reach its greatest length, within this time, the health check says Degraded. 1 minute
    /// to 30 days, default 1 hour.
    /// </summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00", ErrorMessage = Limits)]
    public TimeSpan CapacityWarning { get; set; } = TimeSpan.FromHours(1);
}

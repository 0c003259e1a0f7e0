using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus.Retention;

/// <summary>How long what is done is kept. Configuration section <see cref="SectionName"/>.</summary>
public sealed class RetentionOptions : IValidatableObject
{
    /// <summary>The configuration section: <c>EventBus:Retention</c>.</summary>
    public const string SectionName = "EventBus:Retention";

    /// <summary>How often the stream is trimmed and rows that are done with are removed. 100 milliseconds to 1 hour, default 10 seconds.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Entries stay on the stream for at least so long, also when every registered group is done with them. Zero to 365 days, default 1 minute.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>Events stay in the outbox for at least so long, also when every registered group is verified past them: a group that begins with the history is given what is there. Zero to 3,650 days, default 48 hours.</summary>
    public TimeSpan KeepOutboxFor { get; set; } = TimeSpan.FromHours(48);

    /// <summary>
    /// A hard cap: with more entries than these the oldest are removed, also when a group has not had them, and it is said what each group lost. Groups of a stream with an outbox are given those again from there.
    /// 0 for no cap, the default.
    /// </summary>
    [Range(0, long.MaxValue, ErrorMessage = SectionName + ":MaxEntries must be 0 (no cap) or more entries.")]
    public long MaxEntries { get; set; }

    /// <summary>A hard cap like <see cref="MaxEntries"/>, on the memory that Redis estimates the stream to take, in bytes. 0 for no cap, the default.</summary>
    [Range(0, long.MaxValue, ErrorMessage = SectionName + ":MaxBytes must be 0 (no cap) or more bytes.")]
    public long MaxBytes { get; set; }

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value, least, most) in new[]
        {
            (nameof(Interval), Interval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            (nameof(KeepFor), KeepFor, TimeSpan.Zero, TimeSpan.FromDays(365)),
            (nameof(KeepOutboxFor), KeepOutboxFor, TimeSpan.Zero, TimeSpan.FromDays(3_650)),
        })
        {
            if (value < least || value > most)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {least} to {most}.", [name]);
            }
        }
    }
}

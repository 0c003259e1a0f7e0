using System.ComponentModel.DataAnnotations;

namespace FanOut.NotificationWorker;

internal sealed class NotificationOptions : IValidatableObject
{
    public const string SectionName = "Notifications";

    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(7);

    // The usual schedule of mail servers: often at first (greylisting ends in minutes), then every few hours for two days.
    private static readonly TimeSpan[] UsualSchedule =
    [
        TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(15), TimeSpan.FromHours(1), TimeSpan.FromHours(4),
        TimeSpan.FromHours(8), TimeSpan.FromHours(12), TimeSpan.FromHours(24),
    ];

    /// <summary>The delay before each retry; after the last one a mail has failed.</summary>
    public TimeSpan[]? RetrySchedule { get; set; }

    /// <summary>How long a claim is valid; after that another dispatcher may send its mails. Default 5 min.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often an idle dispatcher looks for due mails. Default 1 s.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long finished mails are kept. Default 30 days.</summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often the worker cleans up and measures its backlog. Default 30 s.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(30);

    internal IReadOnlyList<TimeSpan> RetryDelays => RetrySchedule ?? UsualSchedule;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        foreach (var (name, value, least, most) in new[]
        {
            (nameof(Lease), Lease, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            (nameof(PollInterval), PollInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
            (nameof(Retention), Retention, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)),
            (nameof(SweepInterval), SweepInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
        })
        {
            if (value < least || value > most)
            {
                yield return new($"{SectionName}:{name} is {value}, but must be {least} to {most}.", [name]);
            }
        }

        for (var i = 0; i < RetryDelays.Count; i++)
        {
            if (RetryDelays[i] < TimeSpan.Zero || RetryDelays[i] > MaxDelay)
            {
                yield return new($"{SectionName}:{nameof(RetrySchedule)}:{i} is {RetryDelays[i]}, but must be 0 to {MaxDelay}.", [nameof(RetrySchedule)]);
            }
        }
    }
}

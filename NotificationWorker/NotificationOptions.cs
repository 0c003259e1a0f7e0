using System.ComponentModel.DataAnnotations;
using FanOut.ServiceDefaults;

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

    /// <summary>
    /// How long mails are kept, those in the pickup folder too: since they were finished, or, while they wait, since they were recorded. Default 30
    /// days.
    /// </summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often the worker cleans up and measures its backlog. Default 30 s.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(30);

    internal IReadOnlyList<TimeSpan> RetryDelays => RetrySchedule ?? UsualSchedule;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => SettingRules.Ranges(
        SectionName,
        [
            (nameof(Lease), Lease, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            (nameof(PollInterval), PollInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
            (nameof(Retention), Retention, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)),
            (nameof(SweepInterval), SweepInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            .. RetryDelays.Select((delay, index) => ($"{nameof(RetrySchedule)}:{index}", delay, TimeSpan.Zero, MaxDelay)),
        ]);
}

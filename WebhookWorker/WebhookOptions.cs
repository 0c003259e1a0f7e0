using System.ComponentModel.DataAnnotations;
using FanOut.ServiceDefaults;

namespace FanOut.WebhookWorker;

internal sealed class WebhookOptions : IValidatableObject
{
    public const string SectionName = "Webhooks";

    private static readonly TimeSpan MaxDelay = TimeSpan.FromDays(7);

    // The example schedule of Standard Webhooks 1.0: ten attempts in three days.
    private static readonly TimeSpan[] StandardSchedule =
    [
        TimeSpan.FromSeconds(5), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(5),
        TimeSpan.FromHours(10), TimeSpan.FromHours(14), TimeSpan.FromHours(20), TimeSpan.FromHours(24),
    ];

    /// <summary>Allows endpoints on loopback and private addresses, and plain http on loopback. For development.</summary>
    public bool AllowPrivateNetworks { get; set; }

    /// <summary>How long one attempt may take, connecting and reading the answer included. Default 20 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a claim is valid; after that another dispatcher may send its deliveries. Default 1 min.</summary>
    public TimeSpan Lease { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The delay before each retry; after the last one a delivery has failed.</summary>
    public TimeSpan[]? RetrySchedule { get; set; }

    /// <summary>The longest Retry-After that is respected. Default 1 h.</summary>
    public TimeSpan MaxRetryAfter { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long an endpoint may fail without a single success before it is disabled. Default 5 days.</summary>
    public TimeSpan DisableAfter { get; set; } = TimeSpan.FromDays(5);

    /// <summary>How long the previous secret is still used after a rotation. Default 24 h.</summary>
    public TimeSpan SecretOverlap { get; set; } = TimeSpan.FromHours(24);

    /// <summary>The concurrent attempts of this process beyond the first to each endpoint. Default 2,000.</summary>
    [Range(0, 10_000, ErrorMessage = "Webhooks:Concurrency, the concurrent attempts beyond the first to each endpoint, must be 0 to 10000.")]
    public int Concurrency { get; set; } = 2_000;

    /// <summary>
    /// The most concurrent attempts to one endpoint. It begins with one; each success in less than a quarter of <see cref="Timeout"/> adds one,
    /// anything else halves them. Default 8.
    /// </summary>
    [Range(1, 1_000, ErrorMessage = "Webhooks:ConcurrencyPerEndpoint, the concurrent attempts to one endpoint, must be 1 to 1000.")]
    public int ConcurrencyPerEndpoint { get; set; } = 8;

    [Range(1, 10_000, ErrorMessage = "Webhooks:MaxEndpoints must be 1 to 10000.")]
    public int MaxEndpoints { get; set; } = 1_000;

    [Range(1, 10_000, ErrorMessage = "Webhooks:MaxEndpointsPerOwner must be 1 to 10000.")]
    public int MaxEndpointsPerOwner { get; set; } = 100;

    /// <summary>
    /// Sends no event to a new or changed URL until its receiver has answered a challenge. Default false; the AppHost's published manifest and the
    /// Kubernetes manifests set true.
    /// </summary>
    public bool RequireVerification { get; set; }

    /// <summary>How often an idle dispatcher looks for due deliveries. Default 1 s.</summary>
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long deliveries and their events are kept: since they were finished, or, while they wait, since they were recorded. Default 30 days.
    /// </summary>
    public TimeSpan Retention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>How often the worker cleans up and measures its backlog. Default 30 s.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(30);

    internal IReadOnlyList<TimeSpan> RetryDelays => RetrySchedule ?? StandardSchedule;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => SettingRules.Ranges(
        SectionName,
        [
            (nameof(Timeout), Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(5)),
            (nameof(Lease), Lease, Timeout + TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)),
            (nameof(MaxRetryAfter), MaxRetryAfter, TimeSpan.Zero, MaxDelay),
            (nameof(DisableAfter), DisableAfter, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)),
            (nameof(SecretOverlap), SecretOverlap, TimeSpan.Zero, TimeSpan.FromDays(30)),
            (nameof(PollInterval), PollInterval, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1)),
            (nameof(Retention), Retention, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650)),
            (nameof(SweepInterval), SweepInterval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1)),
            .. RetryDelays.Select((delay, index) => ($"{nameof(RetrySchedule)}:{index}", delay, TimeSpan.Zero, MaxDelay)),
        ]);
}

using System.ComponentModel.DataAnnotations;
using FanOut.ServiceDefaults;

namespace FanOut.OrderApi.Availability;

/// <summary>How many requests for orders run and wait. The others are answered 503.</summary>
internal sealed class AdmissionOptions : IValidatableObject
{
    public const string SectionName = "Admission";

    /// <summary>Requests that run at once. It may exceed the connections to Postgres: the others are validated. Default 64.</summary>
    [Range(1, 10_000, ErrorMessage = "Admission:MaxConcurrent must be 1 to 10000 requests.")]
    public int MaxConcurrent { get; set; } = 64;

    /// <summary>Requests that wait, first come first served, with their bodies in memory. More are answered 503. Default 1,000.</summary>
    [Range(0, 100_000, ErrorMessage = "Admission:MaxQueued must be 0 to 100000 requests.")]
    public int MaxQueued { get; set; } = 1_000;

    /// <summary>The Retry-After of a 503. Default 1 s.</summary>
    public TimeSpan RetryAfter { get; set; } = TimeSpan.FromSeconds(1);

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        SettingRules.Ranges(SectionName, (nameof(RetryAfter), RetryAfter, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1)));
}

using System.ComponentModel.DataAnnotations;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>What the bodies of requests may take. The route limits the length of each.</summary>
internal sealed class RequestLimits : IValidatableObject
{
    public const string SectionName = "Requests";

    /// <summary>How long a client may take to send a body; longer is answered 408. Default 30 s.</summary>
    public TimeSpan BodyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of bodies that are held at once; with more, a request is answered 503. Default 64 MiB.</summary>
    [Range(8L << 20, 64L << 30, ErrorMessage = "Requests:MaxBuffered must be 8388608 (8 MiB) to 68719476736 bytes.")]
    public long MaxBuffered { get; set; } = 64 << 20;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        SettingRules.Ranges(SectionName, (nameof(BodyTimeout), BodyTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)));
}

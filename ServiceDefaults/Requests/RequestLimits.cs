using System.ComponentModel.DataAnnotations;

namespace FanOut.ServiceDefaults.Requests;

/// <summary>What requests may take, in each process. A route limits the length of its bodies.</summary>
internal sealed class RequestLimits : IValidatableObject
{
    public const string SectionName = "Requests";

    /// <summary>How long a client may take to send a body; longer is answered 408. Default 30 s.</summary>
    public TimeSpan BodyTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Bytes of bodies that are held at once; with more, a request is answered 503. Default 64 MiB.</summary>
    [Range(8L << 20, 64L << 30, ErrorMessage = "Requests:MaxBuffered must be 8388608 (8 MiB) to 68719476736 bytes.")]
    public long MaxBuffered { get; set; } = 64 << 20;

    /// <summary>How long a request may take after its body has arrived, waiting included; longer is answered 504. Default 30 s.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Requests per second of one caller: a key, a user, or an anonymous client's address. More are answered 429. Default 2,000.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Requests:RatePerCaller must be 1 to 1000000 requests per second.")]
    public int RatePerCaller { get; set; } = 2_000;

    /// <summary>Requests that one caller may send at once after a pause. Default 4,000.</summary>
    [Range(1, 10_000_000, ErrorMessage = "Requests:BurstPerCaller must be 1 to 10000000 requests.")]
    public int BurstPerCaller { get; set; } = 4_000;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) => SettingRules.Ranges(
        SectionName,
        (nameof(BodyTimeout), BodyTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)),
        (nameof(Timeout), Timeout, TimeSpan.FromSeconds(1), TimeSpan.FromMinutes(10)));
}

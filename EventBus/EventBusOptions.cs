using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>What all parts of the event bus share. Configuration section <see cref="SectionName"/>.</summary>
public sealed class EventBusOptions
{
    /// <summary>The configuration section: <c>EventBus</c>.</summary>
    public const string SectionName = "EventBus";

    /// <summary>The stream's name. Required; see <see cref="StreamName"/> for its form.</summary>
    [Required(ErrorMessage = "EventBus:Stream is missing: set it to the name of the event stream, for example 'orders'.")]
    [RegularExpression("^[a-z0-9][a-z0-9._-]{0,99}$", ErrorMessage = "EventBus:Stream must be 1 to 100 characters of a-z, 0-9, '.', '_' and '-', beginning with a letter or a digit.")]
    public string Stream { get; set; } = "";

    /// <summary>The CloudEvents <c>source</c> of what this process publishes; the application's name unless set.</summary>
    [MaxLength(200, ErrorMessage = "EventBus:Source must have at most 200 characters.")]
    public string Source { get; set; } = "";
}

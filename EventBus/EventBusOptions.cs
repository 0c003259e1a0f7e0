using System.ComponentModel.DataAnnotations;

namespace FanOut.EventBus;

/// <summary>What all parts of the event bus share. Configuration section <see cref="SectionName"/>.</summary>
public sealed class EventBusOptions
{
    /// <summary>The configuration section: <c>EventBus</c>.</summary>
    public const string SectionName = "EventBus";

    /// <summary>The CloudEvents <c>source</c> of what this process publishes; the application's name unless set.</summary>
    [MaxLength(200, ErrorMessage = "EventBus:Source must have at most 200 characters.")]
    public string Source { get; set; } = "";
}

using System.ComponentModel.DataAnnotations;

namespace FanOut.StreamConsole;

/// <summary>What the console shows.</summary>
internal sealed class ConsoleOptions
{
    public const string SectionName = "Console";

    /// <summary>
    /// Where a trace is seen, with <c>{trace}</c> in place of its id, such as <c>https://grafana.example.com/trace/{trace}</c>. Not set by
    /// default: then ids of traces are shown without a link.
    /// </summary>
    [RegularExpression("^https?://.*[{]trace[}].*$", ErrorMessage = "Console:TraceUrl must be an address with {{trace}} in it.")]
    public string? TraceUrl { get; set; }

    public string? UrlOf(string trace) => TraceUrl?.Replace("{trace}", Uri.EscapeDataString(trace), StringComparison.Ordinal);
}

using System.CommandLine;

namespace FanOut.Cli.DeadLetters;

/// <summary>The options that select dead letters.</summary>
internal sealed class FilterOptions
{
    public Option<string?> Group { get; } = new("--group") { Description = "Filter by consumer group." };

    public Option<string?> Type { get; } = new("--type") { Description = "Filter by event type." };

    public Option<string?> Subject { get; } = new("--subject") { Description = "Filter by subject." };

    public Option<string?> Error { get; } = new("--error") { Description = "Filter by text in the error." };

    public Option<DateTimeOffset?> From { get; } = new("--from") { Description = "Dead letters since this time." };

    public Option<DateTimeOffset?> Until { get; } = new("--until") { Description = "Dead letters before this time." };

    public Option[] All => [Group, Type, Subject, Error, From, Until];
}

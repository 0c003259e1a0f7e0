using System.CommandLine;

namespace FanOut.Cli.DeadLetters;

/// <summary>The options that say which dead letters are meant.</summary>
internal sealed class FilterOptions
{
    public Option<string?> Group { get; } = new("--group") { Description = "Of this consumer group." };

    public Option<string?> Type { get; } = new("--type") { Description = "Of this event type." };

    public Option<string?> Subject { get; } = new("--subject") { Description = "With this subject." };

    public Option<string?> Error { get; } = new("--error") { Description = "Whose error contains this text." };

    public Option<DateTimeOffset?> From { get; } = new("--from") { Description = "Dead letters since this time." };

    public Option<DateTimeOffset?> Until { get; } = new("--until") { Description = "Dead letters before this time." };

    public IEnumerable<Option> All => [Group, Type, Subject, Error, From, Until];
}

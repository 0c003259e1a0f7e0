namespace FanOut.Bench.Running;

/// <summary>One of the figures that a round of a variant gives.</summary>
/// <param name="Name">What is added to the variant's name; empty where it gives only one.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Goals">What it should reach.</param>
internal sealed record FigureSpec(string Name, string Unit, params Goal[] Goals)
{
    /// <summary>The figure of the limit that it is compared with.</summary>
    public string LimitFigure { get; init; } = Name;
}

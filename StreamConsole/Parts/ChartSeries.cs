namespace FanOut.StreamConsole.Parts;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Oldest first. Where more than two steps lie between two points, the line has a gap.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<ChartPoint> Points);

/// <summary>A point in time, in the viewer's zone.</summary>
public sealed record ChartPoint(DateTime At, double Value);

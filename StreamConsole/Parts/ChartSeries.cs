namespace FanOut.StreamConsole.Parts;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Color">Which of the colours of charts, from 0: a group has the same one in all.</param>
/// <param name="Points">Oldest first. Where more than two steps lie between two points, the line has a gap.</param>
/// <param name="IsDashed">Drawn with dashes, and not in the legend: it accompanies another line of its colour.</param>
public sealed record ChartSeries(string Name, int Color, IReadOnlyList<ChartPoint> Points, bool IsDashed = false);

/// <summary>A point in time, in the viewer's zone.</summary>
public sealed record ChartPoint(DateTime At, double Value);

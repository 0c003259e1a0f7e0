namespace FanOut.EventBus.Maintenance;

/// <summary>The straight line that fits points best.</summary>
internal static class LeastSquares
{
    /// <returns>How much it rises with each x (zero where all x are the same), and where it is at <paramref name="x"/>.</returns>
    public static (double Slope, double Y) At(double x, IReadOnlyCollection<(double X, double Y)> points)
    {
        var (meanX, meanY) = (points.Average(point => point.X), points.Average(point => point.Y));
        var variance = points.Sum(point => (point.X - meanX) * (point.X - meanX));
        var slope = variance > 0 ? points.Sum(point => (point.X - meanX) * (point.Y - meanY)) / variance : 0;
        return (slope, meanY + (slope * (x - meanX)));
    }
}

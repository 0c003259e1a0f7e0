namespace FanOut.Cli.Demo;

internal sealed record DemoResult(int Orders, int Placed, int Refused, double PlacingSeconds, double Seconds, IReadOnlyList<GroupResult> Groups)
{
    public bool IsExact => Refused == 0 && Placed == Orders && Groups.All(group => group.IsExact);
}

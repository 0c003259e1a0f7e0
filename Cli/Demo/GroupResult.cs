namespace FanOut.Cli.Demo;

internal sealed record GroupResult(string Group, long Events, long Effects, long DuplicatesPrevented, long DeadLetters, double? P50Ms, double? P99Ms, long Missing, long Over)
{
    public bool IsExact => Missing == 0 && Over == 0;
}

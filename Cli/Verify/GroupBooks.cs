namespace FanOut.Cli.Verify;

internal sealed record GroupBooks(string Group, long Done, long Effects, long Undelivered, long Pending, long Parked, long Redriven, long DeadLetters, long Discarded, long Missing, bool IsDrained);

using System.Text.Json.Serialization;

namespace FanOut.Cli.Verify;

/// <summary>The books of the whole system as they were at one moment.</summary>
internal sealed record SystemVerification(
    string Stream, long Orders, long OutboxEvents, long Unpublished, long Published, long RemovedFromOutbox, long OnStream, long Foreign, IReadOnlyList<GroupBooks> Groups, IReadOnlyList<Problem> Problems, long ProblemCount)
{
    /// <summary>Whether nothing is wrong; what is on its way is not wrong.</summary>
    public bool IsExact => ProblemCount == 0;

    /// <summary>Whether nothing is on its way either.</summary>
    public bool IsDrained => Unpublished == 0 && Groups.All(group => group.IsDrained);

    [JsonIgnore]
    public string Verdict => (IsExact, IsDrained) switch
    {
        (true, true) => "Exactly once, and everything is done.",
        (true, false) => "Exactly once so far; some events are on their way.",
        _ => $"{ProblemCount} problem(s).",
    };
}

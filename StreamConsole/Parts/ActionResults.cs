namespace FanOut.StreamConsole.Parts;

/// <summary>How an action of an operator ended, in a word.</summary>
internal static class ActionResults
{
    /// <summary>The longest that a service works on a request; after that nobody will say how it ended.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    /// <param name="status">The HTTP status that answered it; null where there was none yet.</param>
    /// <param name="age">How long ago it began.</param>
    public static (string Word, string Tone, string Explanation) Of(int? status, TimeSpan age) => status switch
    {
        null when age < Longest => ("running", "busy", "The service works on it."),
        null => ("unknown", "warn", "The service ended before it could say: look at the target."),
        >= 200 and < 400 => ("done", "good", $"Answered {status}."),
        >= 400 and < 500 => ("refused", "off", $"Answered {status}: nothing was changed."),
        _ => ("failed", "bad", $"Answered {status}: the service's log has the reason."),
    };
}

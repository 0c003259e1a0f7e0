using FanOut.StreamConsole.Live;

namespace FanOut.StreamConsole.Parts;

/// <summary>The colour of a state. Its name always stands beside it.</summary>
internal static class Tones
{
    public static string Of(PartState state) => state switch
    {
        PartState.Flowing => "good",
        PartState.Behind => "warn",
        PartState.Paused => "off",
        _ => "bad",
    };

    /// <summary>Of the states of events, deliveries, mails, workers and endpoints.</summary>
    public static string Of(string state) => state switch
    {
        "done" or "delivered" or "sent" or "working" or "healthy" or "redriven" => "good",
        "unread" or "pending" or "claimed" or "unknown" => "busy",
        "waiting" => "warn",
        "dead" or "failed" or "gone" or "failing" => "bad",
        _ => "off",
    };
}

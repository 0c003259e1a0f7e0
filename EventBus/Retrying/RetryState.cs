namespace FanOut.EventBus.Retrying;

/// <summary>What a row of the retry queue is.</summary>
internal static class RetryState
{
    /// <summary>Will be handled when it is due.</summary>
    public const string Waiting = "waiting";

    /// <summary>A dead letter.</summary>
    public const string Dead = "dead";

    /// <summary>A dead letter that somebody discarded.</summary>
    public const string Discarded = "discarded";
}

namespace FanOut.TestServers.Gates;

/// <summary>What becomes of one call to a server.</summary>
public enum CallFate
{
    /// <summary>It is made and answered.</summary>
    Answered,

    /// <summary>It never reaches the server, and the caller learns that.</summary>
    Refused,

    /// <summary>It is made, and the caller learns only that the connection is gone.</summary>
    ReplyLost,

    /// <summary>It is made, and the caller dies before it is answered.</summary>
    CallerDies,
}

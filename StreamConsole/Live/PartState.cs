namespace FanOut.StreamConsole.Live;

/// <summary>How a part of the system does, the worst last.</summary>
public enum PartState
{
    /// <summary>It keeps up.</summary>
    Flowing,

    /// <summary>It works, and has more to do than it should.</summary>
    Behind,

    /// <summary>A person has paused it.</summary>
    Paused,

    /// <summary>It runs, and what it does fails.</summary>
    Failing,

    /// <summary>It does not answer.</summary>
    Away,
}

/// <summary>A part with its state and why, in a sentence; no reason while it flows.</summary>
public sealed record Part(string Name, PartState State, string? Reason);

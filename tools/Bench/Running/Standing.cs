namespace FanOut.Bench.Running;

internal enum Standing
{
    Ours,

    /// <summary>What the others are compared with: the servers and the client library, and nothing else.</summary>
    Limit,

    Rival,

    /// <summary>The rival that others are said to be so many times as fast as.</summary>
    Baseline,
}

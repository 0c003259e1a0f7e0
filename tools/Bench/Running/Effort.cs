namespace FanOut.Bench.Running;

internal enum Effort
{
    /// <summary>As the published figures are made.</summary>
    Full,

    /// <summary>Every scenario in a few minutes: the ratios are rough.</summary>
    Quick,

    /// <summary>Only shows that everything works: the figures mean nothing.</summary>
    Smoke,
}

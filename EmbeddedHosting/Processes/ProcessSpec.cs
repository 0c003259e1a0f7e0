namespace FanOut.EmbeddedHosting.Processes;

internal sealed record ProcessSpec(string Name, string FileName, IReadOnlyList<string> Arguments)
{
    public string? WorkingDirectory { get; init; }

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>The user to run as, when the host is root; null keeps the host's own.</summary>
    public string? UserName { get; init; }

    public StopSignal StopSignal { get; init; } = StopSignal.Terminate;

    public TimeSpan StopTimeout { get; init; } = TimeSpan.FromSeconds(30);
}

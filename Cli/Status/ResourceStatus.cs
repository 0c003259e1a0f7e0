namespace FanOut.Cli.Status;

internal sealed record ResourceStatus(string Name, string Type, string State, string Health, int? Pid, IReadOnlyDictionary<string, string> Endpoints, string? ConnectionString);

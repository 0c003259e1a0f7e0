namespace FanOut.EmbeddedHosting.State;

/// <summary>One replica of a resource. <c>Parent</c> is the resource it is a part of, such as a database's server; <c>Reason</c> says why it is not healthy.</summary>
public sealed record ResourceState(
    string Name,
    string Type,
    string State,
    string Health,
    int? Pid,
    IReadOnlyDictionary<string, string> Endpoints,
    string? ConnectionString,
    string? Parent,
    string? Reason,
    int Restarts,
    string LogFile);

namespace FanOut.Contracts.Operations;

/// <summary>
/// Redrives or discards the dead letters that match everything that is set, oldest first. Without any condition <see cref="All"/> must be true. One request looks at <see cref="Limit"/> of them (1 to 1,000, 500 unless
/// given); to go on, send the same with <see cref="After"/> from the answer.
/// </summary>
public sealed record DecideMany(
    string By,
    bool? All = null,
    string? Group = null,
    string? Type = null,
    string? Subject = null,
    string? Error = null,
    DateTimeOffset? From = null,
    DateTimeOffset? Until = null,
    IReadOnlyList<long>? Numbers = null,
    int? Limit = null,
    string? After = null);

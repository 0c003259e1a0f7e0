using Refit;

namespace FanOut.Contracts.Operations;

/// <summary>Which dead letters to list; null = any. Times are RFC 3339.</summary>
public sealed record DeadLetterQuery(
    [property: AliasAs("group")] string? Group = null,
    [property: AliasAs("state")] string? State = null,
    [property: AliasAs("type")] string? Type = null,
    [property: AliasAs("subject")] string? Subject = null,
    [property: AliasAs("error")] string? Error = null,
    [property: AliasAs("from")] string? From = null,
    [property: AliasAs("until")] string? Until = null,
    [property: AliasAs("limit")] int? Limit = null,
    [property: AliasAs("after")] string? After = null);

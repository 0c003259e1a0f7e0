using Microsoft.AspNetCore.Mvc;

namespace FanOut.Reclaimer.DeadLetters;

/// <summary>The parameters of the list, for the OpenAPI document. All text: a value that can't be bound would be refused without naming the parameter.</summary>
internal sealed record DeadLetterParameters(
    [FromQuery(Name = "group")] string? Group,
    [FromQuery(Name = "state")] string? State,
    [FromQuery(Name = "type")] string? Type,
    [FromQuery(Name = "subject")] string? Subject,
    [FromQuery(Name = "error")] string? Error,
    [FromQuery(Name = "from")] string? From,
    [FromQuery(Name = "until")] string? Until,
    [FromQuery(Name = "limit")] string? Limit,
    [FromQuery(Name = "after")] string? After);

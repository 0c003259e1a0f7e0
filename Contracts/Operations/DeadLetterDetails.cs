using System.Text.Json;

namespace FanOut.Contracts.Operations;

/// <summary>All that is known of a dead letter. The event's data is <see cref="Data"/> where it is JSON, <see cref="DataBase64"/> where it is not; <see cref="History"/> has every time the same event became one of this group.</summary>
public sealed record DeadLetterDetails(
    DeadLetter Letter,
    string? Source,
    JsonElement? Data,
    string? DataBase64,
    IReadOnlyList<EntryField> Fields,
    IReadOnlyList<DeadLetter> History);

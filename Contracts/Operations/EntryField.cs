namespace FanOut.Contracts.Operations;

/// <summary>A field of an entry: as text, or in base64 where it is not text.</summary>
public sealed record EntryField(string Name, string? Value, string? Base64);

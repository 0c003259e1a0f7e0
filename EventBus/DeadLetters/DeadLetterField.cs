namespace FanOut.EventBus.DeadLetters;

/// <summary>A field of an entry, as it stands on the stream.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Value">Its bytes; mostly UTF-8 text.</param>
public sealed record DeadLetterField(string Name, ReadOnlyMemory<byte> Value);

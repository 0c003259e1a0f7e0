namespace FanOut.EventBus;

/// <summary>
/// The name of an event stream: 1 to 100 characters of <c>a-z 0-9 . _ -</c>, beginning with a letter or a digit. It is also the stream's key in
/// Redis.
/// </summary>
public readonly record struct StreamName
{
    private readonly string? _value;

    /// <summary>Names a stream.</summary>
    /// <param name="value">The name.</param>
    /// <exception cref="ArgumentException">
    /// <paramref name="value"/> has another form. Braces are refused because the name becomes the hash tag of the stream's keys.
    /// </exception>
    public StreamName(string value) => _value = NamePattern.Check(value, "stream", nameof(value));

    /// <summary>The name as text.</summary>
    public string Value => _value ?? throw new InvalidOperationException("This StreamName was never given a value.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

using System.Diagnostics.CodeAnalysis;

namespace FanOut.EventBus;

/// <summary>The name of a consumer group: 1 to 100 characters of <c>a-z 0-9 . _ -</c>, beginning with a letter or a digit.</summary>
public readonly record struct GroupName
{
    private readonly string? _value;

    /// <summary>Names a consumer group.</summary>
    /// <param name="value">The name.</param>
    /// <exception cref="ArgumentException"><paramref name="value"/> has another form.</exception>
    public GroupName(string value) => _value = NamePattern.Check(value, "consumer group", nameof(value));

    /// <summary>Reads a name that may have another form.</summary>
    /// <param name="value">The text; may be null.</param>
    /// <param name="name">The name.</param>
    /// <returns>Whether it is a name.</returns>
    public static bool TryParse([NotNullWhen(true)] string? value, out GroupName name)
    {
        var isName = NamePattern.IsMatch(value);
        name = isName ? new GroupName(value!) : default;
        return isName;
    }

    /// <summary>The name as text.</summary>
    public string Value => _value ?? throw new InvalidOperationException("This GroupName was never given a value.");

    /// <inheritdoc/>
    public override string ToString() => Value;
}

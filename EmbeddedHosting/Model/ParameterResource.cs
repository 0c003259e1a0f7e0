namespace Aspire.Hosting.ApplicationModel;

public class ParameterResource(string name, Func<string> callback, bool secret = false) : Resource(name), IValueProvider
{
    private readonly Lazy<string> _value = new(callback);

    public bool Secret { get; } = secret;

    internal string Value => _value.Value;

    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(Value);
}

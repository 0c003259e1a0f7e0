namespace Aspire.Hosting.ApplicationModel;

/// <summary>A value that is known only once ports have been chosen.</summary>
internal sealed class DeferredValue(Func<string> value) : IValueProvider
{
    public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(value());
}

namespace Aspire.Hosting.ApplicationModel;

public interface IResourceWithConnectionString : IResource, IValueProvider
{
    ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default);

    ValueTask<string?> IValueProvider.GetValueAsync(CancellationToken cancellationToken) => GetConnectionStringAsync(cancellationToken);

    /// <summary>What a reference injects beside the connection string, as <c>{NAME}_{KEY}</c>.</summary>
    IEnumerable<KeyValuePair<string, IValueProvider>> GetConnectionProperties() => [];
}

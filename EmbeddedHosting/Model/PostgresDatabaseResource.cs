using System.Data.Common;

namespace Aspire.Hosting.ApplicationModel;

public class PostgresDatabaseResource(string name, string databaseName, PostgresServerResource postgresParentResource)
    : Resource(name), IResourceWithParent<PostgresServerResource>, IResourceWithConnectionString
{
    public PostgresServerResource Parent { get; } = postgresParentResource;

    public string DatabaseName { get; } = databaseName;

    internal string ConnectionString => $"{Parent.ConnectionString};{new DbConnectionStringBuilder { ["Database"] = DatabaseName }}";

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(ConnectionString);

    IEnumerable<KeyValuePair<string, IValueProvider>> IResourceWithConnectionString.GetConnectionProperties() =>
        [.. Parent.ConnectionProperties(DatabaseName), new("DatabaseName", new DeferredValue(() => DatabaseName))];
}

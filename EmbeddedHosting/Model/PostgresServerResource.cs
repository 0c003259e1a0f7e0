using System.Globalization;

namespace Aspire.Hosting.ApplicationModel;

public class PostgresServerResource(string name, ParameterResource? userName, ParameterResource password) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";

    private readonly Dictionary<string, string> _databases = [];

    public ParameterResource? UserNameParameter { get; } = userName;

    public ParameterResource PasswordParameter { get; } = password;

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    /// <summary>Database names by resource name.</summary>
    public IReadOnlyDictionary<string, string> Databases => _databases;

    internal string UserName => UserNameParameter?.Value ?? "postgres";

    internal string ConnectionString => $"Host={PrimaryEndpoint.Host};Port={PrimaryEndpoint.Port};Username={UserName};Password={PasswordParameter.Value}";

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) => ValueTask.FromResult<string?>(ConnectionString);

    IEnumerable<KeyValuePair<string, IValueProvider>> IResourceWithConnectionString.GetConnectionProperties() => ConnectionProperties(database: null);

    internal void AddDatabase(string name, string databaseName) => _databases.Add(name, databaseName);

    internal IEnumerable<KeyValuePair<string, IValueProvider>> ConnectionProperties(string? database)
    {
        var path = database is null ? "" : "/" + Uri.EscapeDataString(database);
        return
        [
            new("Host", new DeferredValue(() => PrimaryEndpoint.Host)),
            new("Port", new DeferredValue(() => PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture))),
            new("Username", new DeferredValue(() => UserName)),
            new("Password", PasswordParameter),
            new("Uri", new DeferredValue(() => $"postgresql://{Uri.EscapeDataString(UserName)}:{Uri.EscapeDataString(PasswordParameter.Value)}@{PrimaryEndpoint.Host}:{PrimaryEndpoint.Port}{path}")),
            new("JdbcConnectionString", new DeferredValue(() => $"jdbc:postgresql://{PrimaryEndpoint.Host}:{PrimaryEndpoint.Port}{path}")),
        ];
    }
}

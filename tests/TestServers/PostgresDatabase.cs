using Npgsql;

namespace FanOut.TestServers;

/// <summary>A database of one test class; dropped when disposed, sessions and all.</summary>
public sealed class PostgresDatabase : IAsyncDisposable
{
    private readonly PostgresServer _server;
    private readonly Lazy<NpgsqlDataSource> _dataSource;

    internal PostgresDatabase(PostgresServer server, string name, string clientSettings)
    {
        _server = server;
        Name = name;
        ConnectionString = server.ConnectionStringFor(name);
        _dataSource = new(() => NpgsqlDataSource.Create($"{ConnectionString};{clientSettings}"));
    }

    public string Name { get; }

    public string ConnectionString { get; }

    public NpgsqlDataSource DataSource => _dataSource.Value;

    public async ValueTask DisposeAsync()
    {
        if (_dataSource.IsValueCreated)
        {
            await _dataSource.Value.DisposeAsync();
        }

        await _server.DropDatabaseAsync(Name);
    }
}

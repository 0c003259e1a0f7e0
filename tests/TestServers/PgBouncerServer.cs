using Npgsql;

namespace FanOut.TestServers;

/// <summary>
/// A PgBouncer in front of a <see cref="PostgresServer"/>, run as a service user when the tests run as root. Clients log in with the
/// server's own password, by SCRAM. Every other setting has PgBouncer's default.
/// </summary>
public sealed class PgBouncerServer : TestServer
{
    private readonly PostgresServer _postgres;
    private readonly PoolMode _mode;

    private PgBouncerServer(PostgresServer postgres, PoolMode mode)
        : base(folder: null) => (_postgres, _mode) = (postgres, mode);

    private string SettingsFile => Path.Combine(Directory, "pgbouncer.ini");

    private string UsersFile => Path.Combine(Directory, "users.txt");

    /// <param name="postgres">A server with a password.</param>
    /// <param name="mode">How long a client keeps a session.</param>
    /// <param name="cancellationToken">Cancels the wait for its first answer.</param>
    public static async Task<PgBouncerServer> StartAsync(PostgresServer postgres, PoolMode mode, CancellationToken cancellationToken = default)
    {
        var bouncer = new PgBouncerServer(postgres, mode);
        await bouncer.StartAsync(port: null, cancellationToken);
        return bouncer;
    }

    /// <summary>The same database of the server, through PgBouncer.</summary>
    public string ConnectionStringFor(string database) =>
        new NpgsqlConnectionStringBuilder(_postgres.ConnectionStringFor(database)) { Port = Port }.ConnectionString;

    /// <summary>Copies the user's SCRAM secret: with it PgBouncer checks clients and logs in to the server.</summary>
    private protected override async Task CreateDataAsync(CancellationToken cancellationToken)
    {
        await using var postgres = NpgsqlDataSource.Create(_postgres.ConnectionString + ";Pooling=false");
        await using var command = postgres.CreateCommand("select rolpassword from pg_authid where rolname = current_user");
        var secret = await command.ExecuteScalarAsync(cancellationToken) as string
            ?? throw new InvalidOperationException($"PgBouncer needs a server with a password: set {nameof(PostgresServerOptions)}.Password.");
        await File.WriteAllTextAsync(UsersFile, $"\"postgres\" \"{secret}\"\n", cancellationToken);
    }

    private protected override async Task<ServerProcess> LaunchAsync()
    {
        await File.WriteAllTextAsync(
            SettingsFile,
            $"""
            [databases]
            * = host=127.0.0.1 port={_postgres.Port}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {Port}
            unix_socket_dir =
            auth_type = scram-sha-256
            auth_file = {UsersFile}
            pool_mode = {(_mode == PoolMode.Session ? "session" : "transaction")}

            """);
        return await ServerProcess.StartAsync("PgBouncer", ServerBinary.PgBouncer, [SettingsFile], asServiceUser: true);
    }

    private protected override async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionStringFor("postgres") + ";Pooling=false;Timeout=5");
        await connection.OpenAsync(cancellationToken);
        return true;
    }
}

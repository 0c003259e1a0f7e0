using System.Collections.Concurrent;
using Npgsql;

namespace FanOut.TestServers;

/// <summary>
/// A Postgres cluster, run as a service user when the tests run as root.
/// <see cref="SharedAsync"/> gives one per test assembly; take a database per test class from it with <see cref="CreateDatabaseAsync"/>.
/// </summary>
public class PostgresServer : TestServer
{
    private static readonly Lazy<Task<PostgresServer>> Shared = new(() => StartAsync());

    /// <summary>Of all servers: a standby has the databases of its primary.</summary>
    private static int _databases;

    private readonly ConcurrentDictionary<string, Lazy<Task>> _templates = new();

    private protected PostgresServer(PostgresServerOptions options)
        : base(folder: null) => Options = options;

    /// <summary>Of the maintenance database <c>postgres</c>, as superuser.</summary>
    public string ConnectionString => ConnectionStringFor("postgres");

    internal PostgresServerOptions Options { get; }

    private protected override bool StopsOnInterrupt => true;

    private protected string DataFolder => Path.Combine(Directory, "data");

    /// <summary>Started at first use, shared by all tests of the process, gone with it. Do not dispose or kill it.</summary>
    public static Task<PostgresServer> SharedAsync() => Shared.Value;

    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new PostgresServer(options ?? new PostgresServerOptions());
        await server.StartAsync(port: null, cancellationToken);
        return server;
    }

    public string ConnectionStringFor(string database) =>
        $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database}{(Options.Password is { } password ? $";Password={password}" : "")}";

    /// <summary>
    /// Prepares a template once per name, however many ask at the same time; later databases are copies of it in a few milliseconds.
    /// <paramref name="prepare"/> gets the template's connection string, and runs the migrations.
    /// </summary>
    public Task UseTemplateAsync(string name, Func<string, CancellationToken, Task> prepare, CancellationToken cancellationToken = default) =>
        _templates.GetOrAdd(name, key => new(() => PrepareAsync(key, prepare, cancellationToken))).Value;

    /// <summary>An empty database, or a copy of a template made by <see cref="UseTemplateAsync"/>.</summary>
    public async Task<PostgresDatabase> CreateDatabaseAsync(string? template = null, CancellationToken cancellationToken = default)
    {
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        if (template is not null)
        {
            await (_templates.TryGetValue(template, out var prepared)
                ? prepared.Value
                : throw new InvalidOperationException($"There is no template '{template}': call UseTemplateAsync(\"{template}\", ...) first."));
        }

        await ExecuteAsync($"create database \"{name}\" template \"{(template is null ? "template0" : TemplateName(template))}\"", cancellationToken);
        return new PostgresDatabase(this, name, Options.ClientSettings);
    }

    /// <summary>
    /// Leaves it up for readers only, as a primary that has been demoted. Open sessions can still read. Returns when the last transaction has ended
    /// that may write.
    /// </summary>
    public async Task MakeReadOnlyAsync(CancellationToken cancellationToken = default)
    {
        await SetAsync("default_transaction_read_only", "on", cancellationToken);
        await Until.TrueAsync(
            async () => await ExecuteAsync("show default_transaction_read_only", cancellationToken) is "on",
            TimeSpan.FromSeconds(60), "the server to be read-only", cancellationToken, everyMilliseconds: 10);
        var since = (DateTime)(await ExecuteAsync("select clock_timestamp()", cancellationToken))!;
        await Until.TrueAsync(
            async () => await ExecuteAsync(
                $"select not exists (select from pg_stat_activity where backend_type = 'client backend' and xact_start < '{since:O}')",
                cancellationToken) is true,
            TimeSpan.FromSeconds(60), "the last writer to end", cancellationToken, everyMilliseconds: 10);
    }

    private protected override async Task CreateDataAsync(CancellationToken cancellationToken)
    {
        string[] authentication = ["-A", "trust"];
        if (Options.Password is { } password)
        {
            var file = Path.Combine(Directory, "password");
            await File.WriteAllTextAsync(file, password, cancellationToken);
            authentication = ["-A", "scram-sha-256", "--pwfile", file];
        }

        await ServerProcess.RunToEndAsync(
            "initdb",
            ServerBinary.InitDb,
            ["-D", DataFolder, "-U", "postgres", .. authentication, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
            asServiceUser: true,
            cancellationToken);
        if (Options.Certificate is { } certificate)
        {
            // The server takes its key only where nobody else can read it.
            await ServerProcess.RunToEndAsync(
                "install",
                "install",
                ["-m", "600", certificate.CertificateFile, certificate.KeyFile, DataFolder],
                asServiceUser: true,
                cancellationToken);
        }
    }

    private protected override Task<ServerProcess> LaunchAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = $"{Port}",
            ["unix_socket_directories"] = "",
            ["max_connections"] = $"{Options.MaxConnections}",
            ["fsync"] = Options.Fsync ? "on" : "off",
            ["full_page_writes"] = Options.Fsync ? "on" : "off",
            ["shared_buffers"] = "64MB",
            ["timezone"] = "UTC",
        };
        if (Options.Certificate is { } certificate)
        {
            settings["ssl"] = "on";
            settings["ssl_cert_file"] = Path.GetFileName(certificate.CertificateFile);
            settings["ssl_key_file"] = Path.GetFileName(certificate.KeyFile);
        }

        foreach (var (name, value) in Options.Settings)
        {
            settings[name] = value;
        }

        // Left by a killed postmaster; its process id may be somebody else's by now.
        File.Delete(Path.Combine(DataFolder, "postmaster.pid"));
        return ServerProcess.StartAsync(
            "postgres",
            ServerBinary.Postgres,
            ["-D", DataFolder, .. settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" })],
            asServiceUser: true,
            log: Options.Log);
    }

    private protected override async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
        await connection.OpenAsync(cancellationToken);
        return true;
    }

    internal async Task DropDatabaseAsync(string name)
    {
        if (!IsRunning)
        {
            return;
        }

        try
        {
            await ExecuteAsync($"drop database if exists \"{name}\" with (force)", CancellationToken.None);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.ReadOnlySqlTransaction)
        {
            // Demoted: its databases go with it.
        }
    }

    /// <returns>The first value.</returns>
    internal async Task<object?> ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken);
    }

    private static string TemplateName(string template) => $"template_{template}";

    private async Task PrepareAsync(string template, Func<string, CancellationToken, Task> prepare, CancellationToken cancellationToken)
    {
        var name = TemplateName(template);
        await ExecuteAsync($"create database \"{name}\" template template0", cancellationToken);
        await prepare(ConnectionStringFor(name), cancellationToken);

        // A template can be copied only while nobody is connected to it, and pools keep connections.
        await ExecuteAsync($"alter database \"{name}\" allow_connections false", cancellationToken);
        await ExecuteAsync($"select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = '{name}'", cancellationToken);
    }

    private protected async Task SetAsync(string setting, string value, CancellationToken cancellationToken)
    {
        await ExecuteAsync($"alter system set {setting} = '{value}'", cancellationToken);
        await ExecuteAsync("select pg_reload_conf()", cancellationToken);
    }
}

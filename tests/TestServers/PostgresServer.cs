using System.Collections.Concurrent;
using Npgsql;

namespace FanOut.TestServers;

/// <summary>
/// A Postgres cluster of the tests' own, on loopback and a free port, run as a service user when the tests run as root. It ends with the
/// process that started it.
/// <see cref="SharedAsync"/> gives one per test assembly; take a database per test class from it with <see cref="CreateDatabaseAsync"/>.
/// </summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<PostgresServer>> Shared = new(() => StartAsync());

    private readonly PostgresServerOptions _options;
    private readonly string _folder = Leftovers.CreateFolder();
    private readonly ConcurrentDictionary<string, Lazy<Task>> _templates = new();
    private int _databases;
    private ServerProcess? _process;

    private PostgresServer(PostgresServerOptions options) => _options = options;

    public int Port { get; private set; }

    /// <summary>Of the maintenance database <c>postgres</c>, as superuser.</summary>
    public string ConnectionString => ConnectionStringFor("postgres");

    /// <summary>Of the postmaster.</summary>
    public int ProcessId => Process.Id;

    public bool IsRunning => _process is { HasExited: false };

    public string LogTail => Process.LogTail;

    private ServerProcess Process => _process ?? throw new InvalidOperationException("The server was never started.");

    private string DataFolder => Path.Combine(_folder, "data");

    /// <summary>Started at first use, shared by all tests of the process, gone with it. Do not dispose or kill it.</summary>
    public static Task<PostgresServer> SharedAsync() => Shared.Value;

    public static async Task<PostgresServer> StartAsync(PostgresServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new PostgresServer(options ?? new PostgresServerOptions());
        try
        {
            await ServerProcess.RunToEndAsync(
                "initdb",
                ServerBinary.InitDb,
                ["-D", server.DataFolder, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"],
                asServiceUser: true,
                cancellationToken);
            for (var attempt = 1; ; attempt++)
            {
                server.Port = LoopbackPort.Next();
                try
                {
                    await server.LaunchAsync(cancellationToken);
                    return server;
                }
                catch (TestServerException e) when (attempt < 5 && e.Message.Contains("Address already in use", StringComparison.Ordinal))
                {
                    // Somebody else took the port between the probe and the start.
                }
            }
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public string ConnectionStringFor(string database) => $"Host=127.0.0.1;Port={Port};Username=postgres;Database={database}";

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
        return new PostgresDatabase(this, name, _options.ClientSettings);
    }

    /// <summary>kill -9 of the postmaster and every backend: what was committed is there after <see cref="RestartAsync"/>.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>A fast shutdown: sessions are ended.</summary>
    public Task StopAsync() => Process.StopAsync(interrupt: true);

    /// <summary>SIGSTOP to every process of the cluster: connections stay open, nothing answers, locks stay held.</summary>
    public Task PauseAsync() => Process.PauseAsync();

    /// <summary>SIGCONT.</summary>
    public void Resume() => Process.Resume();

    /// <summary>Starts again on the same port with the same data; stops in an orderly way first if it still runs.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await LaunchAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await _process.KillAsync();
        }

        Leftovers.Delete(_folder);
    }

    internal async Task DropDatabaseAsync(string name)
    {
        if (IsRunning)
        {
            await ExecuteAsync($"drop database if exists \"{name}\" with (force)", CancellationToken.None);
        }
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

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false");
        await connection.OpenAsync(cancellationToken);
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>
        {
            ["listen_addresses"] = "127.0.0.1",
            ["port"] = $"{Port}",
            ["unix_socket_directories"] = "",
            ["max_connections"] = $"{_options.MaxConnections}",
            ["fsync"] = _options.Fsync ? "on" : "off",
            ["full_page_writes"] = _options.Fsync ? "on" : "off",
            ["shared_buffers"] = "64MB",
            ["timezone"] = "UTC",
        };
        foreach (var (name, value) in _options.Settings)
        {
            settings[name] = value;
        }

        // Left by a killed postmaster; its process id may be somebody else's by now.
        File.Delete(Path.Combine(DataFolder, "postmaster.pid"));
        _process = await ServerProcess.StartAsync(
            "postgres",
            ServerBinary.Postgres,
            ["-D", DataFolder, .. settings.SelectMany(setting => new[] { "-c", $"{setting.Key}={setting.Value}" })],
            asServiceUser: true,
            log: _options.Log);
        await _process.WaitUntilReadyAsync(AnswersAsync, StartTimeout, cancellationToken);
    }

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        await using var connection = new NpgsqlConnection(ConnectionString + ";Pooling=false;Timeout=5");
        await connection.OpenAsync(cancellationToken);
        return true;
    }
}

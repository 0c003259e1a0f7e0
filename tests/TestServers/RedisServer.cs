using StackExchange.Redis;

namespace FanOut.TestServers;

/// <summary>
/// A Redis or Valkey server.
/// <see cref="SharedAsync"/> gives one per test assembly (keep tests apart by <see cref="UniqueName"/> or <see cref="NewDatabase"/>, never
/// by FLUSHALL); <see cref="StartAsync"/> one for tests that need settings of their own, or kill it.
/// </summary>
public sealed class RedisServer : TestServer
{
    private static readonly Lazy<Task<RedisServer>> Shared = new(() => StartAsync());

    /// <summary>More than tests use; an empty one costs nothing.</summary>
    private const int Databases = 1_000;

    private readonly RedisServerOptions _options;
    private int _databases;

    private RedisServer(RedisServerOptions options)
        : base(options.Directory) => _options = options;

    /// <summary>In StackExchange.Redis' format, password included.</summary>
    public string ConnectionString =>
        $"127.0.0.1:{Port}{(_options.Password is { } password ? $",password={password}" : "")}{(_options.Certificate is null ? "" : ",ssl=true")}";

    /// <summary>Started at first use, shared by all tests of the process, gone with it. Do not dispose, kill or flush it.</summary>
    public static Task<RedisServer> SharedAsync() => Shared.Value;

    public static async Task<RedisServer> StartAsync(RedisServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new RedisServer(options ?? new RedisServerOptions());
        await server.StartAsync(port: null, cancellationToken);
        return server;
    }

    /// <summary>A name no other test has, for a stream, a group or a key prefix.</summary>
    public static string UniqueName(string prefix = "orders") => $"{prefix}-{Guid.NewGuid():n}";

    /// <summary>A connection string that leads to a logical database of its own: for services whose keys have fixed names.</summary>
    public string NewDatabase() => $"{ConnectionString},defaultDatabase={Interlocked.Increment(ref _databases)}";

    /// <summary>A connection of the caller's own; the caller disposes it. Admin commands are allowed.</summary>
    public async Task<ConnectionMultiplexer> ConnectAsync(Action<ConfigurationOptions>? configure = null)
    {
        var options = ConfigurationOptions.Parse(ConnectionString);
        options.AllowAdmin = true;
        if (_options.Certificate is { } certificate)
        {
            options.TrustIssuer(certificate.AuthorityFile);
        }

        configure?.Invoke(options);
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    private protected override Task<ServerProcess> LaunchAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["bind"] = "127.0.0.1",
            ["databases"] = $"{Databases}",
            ["port"] = $"{Port}",
            ["dir"] = Directory,
            ["save"] = "",
            ["appendonly"] = _options.AppendOnly ? "yes" : "no",
            ["appendfsync"] = _options.AppendFsync,
            ["maxmemory"] = _options.MaxMemory ?? "0",
            ["maxmemory-policy"] = _options.MaxMemoryPolicy,
        };
        if (_options.Password is { } password)
        {
            settings["requirepass"] = password;
        }

        if (_options.Certificate is { } certificate)
        {
            settings["port"] = "0";
            settings["tls-port"] = $"{Port}";
            settings["tls-cert-file"] = certificate.CertificateFile;
            settings["tls-key-file"] = certificate.KeyFile;
            settings["tls-ca-cert-file"] = certificate.AuthorityFile;
            settings["tls-auth-clients"] = "no";
        }

        foreach (var (name, value) in _options.Settings)
        {
            settings[name] = value;
        }

        var users = _options.Users.SelectMany(user => $"--{user}".Split(' '));
        return ServerProcess.StartAsync("Redis", ServerBinary.Redis, [.. settings.SelectMany(Argument), .. users], log: _options.Log);
    }

    // A value such as "127.0.0.1 6379" is several words to Redis; an empty one must stay an argument.
    private static IEnumerable<string> Argument(KeyValuePair<string, string> setting) =>
        [$"--{setting.Key}", .. setting.Key == "dir" ? [setting.Value] : setting.Value.Split(' ')];

    private protected override Task<bool> AnswersAsync(CancellationToken cancellationToken) =>
        RedisPing.AnswersAsync(Port, _options.Password, _options.Certificate, cancellationToken);
}

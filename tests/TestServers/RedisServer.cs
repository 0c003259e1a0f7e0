using System.Net;
using System.Net.Sockets;
using System.Text;
using StackExchange.Redis;

namespace FanOut.TestServers;

/// <summary>
/// A redis-server of the tests' own, on loopback and a free port. It dies with the process that started it.
/// <see cref="SharedAsync"/> gives one per test assembly (keep tests apart by <see cref="UniqueName"/>, never by FLUSHALL);
/// <see cref="StartAsync"/> one for tests that need settings of their own, or kill it.
/// </summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    private static readonly Lazy<Task<RedisServer>> Shared = new(() => StartAsync());

    private readonly RedisServerOptions _options;
    private readonly string _folder;
    private readonly bool _temporary;
    private ServerProcess? _process;

    private RedisServer(RedisServerOptions options)
    {
        _options = options;
        _temporary = options.Directory is null;
        _folder = options.Directory ?? Leftovers.CreateFolder();
    }

    public int Port { get; private set; }

    public string Directory => _folder;

    /// <summary>In StackExchange.Redis' format, password included.</summary>
    public string ConnectionString => _options.Password is { } password ? $"127.0.0.1:{Port},password={password}" : $"127.0.0.1:{Port}";

    public int ProcessId => Process.Id;

    public bool IsRunning => _process is { HasExited: false };

    public string LogTail => Process.LogTail;

    private ServerProcess Process => _process ?? throw new InvalidOperationException("The server was never started.");

    /// <summary>Started at first use, shared by all tests of the process, gone with it. Do not dispose, kill or flush it.</summary>
    public static Task<RedisServer> SharedAsync() => Shared.Value;

    public static async Task<RedisServer> StartAsync(RedisServerOptions? options = null, CancellationToken cancellationToken = default)
    {
        var server = new RedisServer(options ?? new RedisServerOptions());
        try
        {
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

    /// <summary>A name no other test has, for a stream, a group or a key prefix.</summary>
    public static string UniqueName(string prefix = "orders") => $"{prefix}-{Guid.NewGuid():n}";

    /// <summary>A connection of the caller's own; the caller disposes it. Admin commands are allowed.</summary>
    public async Task<ConnectionMultiplexer> ConnectAsync(Action<ConfigurationOptions>? configure = null)
    {
        var options = ConfigurationOptions.Parse(ConnectionString);
        options.AllowAdmin = true;
        configure?.Invoke(options);
        return await ConnectionMultiplexer.ConnectAsync(options);
    }

    /// <summary>kill -9. What the append-only file holds is there after <see cref="RestartAsync"/>.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>SIGTERM: an orderly shutdown.</summary>
    public Task StopAsync() => Process.StopAsync(interrupt: false);

    /// <summary>SIGSTOP: connections stay open, nothing answers.</summary>
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

        if (_temporary)
        {
            Leftovers.Delete(_folder);
        }
    }

    private async Task LaunchAsync(CancellationToken cancellationToken)
    {
        var settings = new Dictionary<string, string>
        {
            ["bind"] = "127.0.0.1",
            ["port"] = $"{Port}",
            ["dir"] = _folder,
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

        foreach (var (name, value) in _options.Settings)
        {
            settings[name] = value;
        }

        _process = await ServerProcess.StartAsync("redis-server", ServerBinary.Redis, settings.SelectMany(Argument), log: _options.Log);
        await _process.WaitUntilReadyAsync(AnswersAsync, StartTimeout, cancellationToken);
    }

    // A value such as "127.0.0.1 6379" is several words to Redis; an empty one must stay an argument.
    private static IEnumerable<string> Argument(KeyValuePair<string, string> setting) =>
        [$"--{setting.Key}", .. setting.Key == "dir" ? [setting.Value] : setting.Value.Split(' ')];

    private async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port, cancellationToken);
        var stream = client.GetStream();
        var hello = _options.Password is { } password ? $"AUTH \"{password}\"\r\nPING\r\n" : "PING\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(hello), cancellationToken);
        using var reader = new StreamReader(stream);
        for (var line = await reader.ReadLineAsync(cancellationToken); line is not null; line = await reader.ReadLineAsync(cancellationToken))
        {
            if (line == "+PONG")
            {
                return true;
            }

            if (line.StartsWith('-'))
            {
                return false;
            }
        }

        return false;
    }
}

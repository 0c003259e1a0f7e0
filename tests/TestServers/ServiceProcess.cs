using System.Diagnostics;
using System.Net;

namespace FanOut.TestServers;

/// <summary>A service as it ships, as a process of its own on a loopback port. It dies with this process.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private readonly ServerProcess _server;
    private readonly Process _process;

    private ServiceProcess(ServerProcess server, Uri address)
    {
        _server = server;
        _process = Process.GetProcessById(server.Id);
        Http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address };
    }

    public HttpClient Http { get; }

    public int Id => _server.Id;

    public bool HasExited => _server.HasExited;

    public string LogTail => _server.LogTail;

    /// <summary>Of a process that has ended.</summary>
    public int ExitCode => _server.ExitCode;

    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Of resident memory.</summary>
    public double Megabytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64 / 1e6;
        }
    }

    /// <summary>Starts it on a free port and waits until it is healthy.</summary>
    /// <param name="name">How messages call it.</param>
    /// <param name="program">Its assembly.</param>
    /// <param name="arguments">Of its command line.</param>
    /// <param name="environment">What it is told beside its address.</param>
    /// <param name="cancellationToken">Cancels the wait for its health.</param>
    public static async Task<ServiceProcess> StartAsync(
        string name, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment,
        CancellationToken cancellationToken)
    {
        var service = await LaunchAsync(name, program, arguments, environment, LoopbackPort.Next(), log: null);
        try
        {
            await service.WaitUntilHealthyAsync(StartTimeout, cancellationToken);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts it, and does not wait until it answers.</summary>
    /// <param name="name">How messages call it.</param>
    /// <param name="program">Its assembly.</param>
    /// <param name="arguments">Of its command line.</param>
    /// <param name="environment">What it is told beside its address.</param>
    /// <param name="port">Where it listens.</param>
    /// <param name="log">A file that what it prints is appended to; null for none.</param>
    public static async Task<ServiceProcess> LaunchAsync(
        string name, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, int port, string? log)
    {
        if (!File.Exists(program))
        {
            throw new FileNotFoundException($"{program} is missing: build it (dotnet build AppHost -c Release).", program);
        }

        var address = new Uri($"http://127.0.0.1:{port}");
        var server = await ServerProcess.StartAsync(
            name,
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
            [program, .. arguments],
            workingFolder: Path.GetDirectoryName(program),
            environment: new Dictionary<string, string>(environment)
            {
                ["ASPNETCORE_URLS"] = address.ToString(),
                ["ASPNETCORE_ENVIRONMENT"] = environment.GetValueOrDefault("ASPNETCORE_ENVIRONMENT", "Production"),
            },
            log: log);
        return new ServiceProcess(server, address);
    }

    public Task WaitUntilHealthyAsync(TimeSpan timeout, CancellationToken cancellationToken) => _server.WaitUntilReadyAsync(
        async token =>
        {
            using var answer = await Http.GetAsync(new Uri("/health", UriKind.Relative), token);
            return answer.StatusCode == HttpStatusCode.OK;
        },
        timeout,
        cancellationToken);

    /// <summary>kill -9.</summary>
    public Task KillAsync() => _server.KillAsync();

    /// <summary>SIGSTOP: connections stay open, nothing answers.</summary>
    public Task PauseAsync() => _server.PauseAsync();

    /// <summary>SIGCONT.</summary>
    public void Resume() => _server.Resume();

    /// <summary>SIGTERM.</summary>
    /// <param name="patience">It is killed after so long.</param>
    /// <returns>Whether it ended by itself.</returns>
    public Task<bool> StopAsync(TimeSpan patience) => _server.StopAsync(interrupt: false, patience);

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.StopAsync(interrupt: false);
        _process.Dispose();
    }
}

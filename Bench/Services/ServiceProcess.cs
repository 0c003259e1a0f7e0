using System.Diagnostics;
using System.Net;
using FanOut.TestServers;

namespace FanOut.Bench.Services;

/// <summary>A service as it ships, as a process of its own on a port of its own. It dies with this process.</summary>
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

    /// <param name="name">How messages call it.</param>
    /// <param name="program">Its assembly.</param>
    /// <param name="arguments">Of its command line.</param>
    /// <param name="environment">What it is told beside its address.</param>
    /// <param name="cancellationToken">Cancels the wait for its health.</param>
    public static async Task<ServiceProcess> StartAsync(
        string name, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken)
    {
        if (!File.Exists(program))
        {
            throw new FileNotFoundException($"{program} is missing: build it (dotnet build AppHost -c Release), or run the benchmark by ./fanout bench, which does.", program);
        }

        var address = new Uri($"http://127.0.0.1:{LoopbackPort.Next()}");
        var server = await ServerProcess.StartAsync(
            name,
            Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
            [program, .. arguments],
            workingFolder: Path.GetDirectoryName(program),
            environment: new Dictionary<string, string>(environment) { ["ASPNETCORE_URLS"] = address.ToString(), ["ASPNETCORE_ENVIRONMENT"] = "Production" });
        var service = new ServiceProcess(server, address);
        try
        {
            await server.WaitUntilReadyAsync(
                async token =>
                {
                    using var answer = await service.Http.GetAsync(new Uri("/health", UriKind.Relative), token);
                    return answer.StatusCode == HttpStatusCode.OK;
                },
                StartTimeout,
                cancellationToken);
            return service;
        }
        catch
        {
            await service.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _server.StopAsync(interrupt: false);
        _process.Dispose();
    }
}

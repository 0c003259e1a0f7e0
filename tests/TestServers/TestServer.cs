namespace FanOut.TestServers;

/// <summary>A server of the tests' own, on loopback and a free port. It ends with the process that started it.</summary>
public abstract class TestServer : IAsyncDisposable
{
    private readonly bool _temporary;
    private ServerProcess? _process;

    /// <param name="folder">A folder that outlives the server; null for a temporary one.</param>
    private protected TestServer(string? folder)
    {
        _temporary = folder is null;
        Directory = folder ?? Leftovers.CreateFolder();
    }

    public int Port { get; private set; }

    public string Directory { get; }

    /// <summary>Of the main process, where the server has several.</summary>
    public int ProcessId => Process.Id;

    public bool IsRunning => _process is { HasExited: false };

    public string LogTail => Process.LogTail;

    /// <summary>Whether SIGINT, rather than SIGTERM, ends the server's sessions and then the server.</summary>
    private protected virtual bool StopsOnInterrupt => false;

    private ServerProcess Process => _process ?? throw new InvalidOperationException("The server was never started.");

    /// <summary>kill -9 of all its processes: what it had on disk is there after <see cref="RestartAsync"/>.</summary>
    public Task KillAsync() => Process.KillAsync();

    /// <summary>An orderly shutdown; open sessions are ended.</summary>
    public Task StopAsync() => Process.StopAsync(StopsOnInterrupt);

    /// <summary>SIGSTOP to all its processes: connections stay open, nothing answers, locks stay held.</summary>
    public Task PauseAsync() => Process.PauseAsync();

    /// <summary>SIGCONT.</summary>
    public void Resume() => Process.Resume();

    /// <summary>Starts again on the same port with the same data; stops in an orderly way first if it still runs.</summary>
    public async Task RestartAsync(CancellationToken cancellationToken = default)
    {
        await StopAsync();
        await StartProcessAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_process is not null)
        {
            await _process.KillAsync();
        }

        if (_temporary)
        {
            Leftovers.Delete(Directory);
        }
    }

    /// <summary>Starts it for the first time; disposes it where that fails.</summary>
    /// <param name="port">Null for a free one.</param>
    /// <param name="cancellationToken">Cancels the wait for its first answer.</param>
    private protected async Task StartAsync(int? port, CancellationToken cancellationToken)
    {
        try
        {
            await CreateDataAsync(cancellationToken);
            for (var attempt = 1; ; attempt++)
            {
                Port = port ?? LoopbackPort.Next();
                try
                {
                    await StartProcessAsync(cancellationToken);
                    return;
                }
                catch (TestServerException e) when (
                    port is null && attempt < 5 && e.Message.Contains("Address already in use", StringComparison.Ordinal))
                {
                    // Somebody else took the port between the probe and the start.
                }
            }
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Makes what must be in the folder before the first start.</summary>
    private protected virtual Task CreateDataAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private protected abstract Task<ServerProcess> LaunchAsync();

    private protected abstract Task<bool> AnswersAsync(CancellationToken cancellationToken);

    private async Task StartProcessAsync(CancellationToken cancellationToken)
    {
        _process = await LaunchAsync();
        await _process.WaitUntilReadyAsync(AnswersAsync, TimeSpan.FromSeconds(60), cancellationToken);
    }
}

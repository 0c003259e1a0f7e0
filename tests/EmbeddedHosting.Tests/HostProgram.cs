using System.Diagnostics;
using System.Text;
using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.State;

namespace FanOut.EmbeddedHosting.Tests;

/// <summary>The sample AppHost as a program of its own, which can be killed.</summary>
internal sealed class HostProgram : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    private readonly string _data;
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private HostProgram(string data, string[] arguments)
    {
        _data = data;
        _process = new Process
        {
            StartInfo = new ProcessStartInfo("dotnet", [typeof(Projects.SampleAppHost).Assembly.Location, $"--EmbeddedHosting:DataPath={data}", .. arguments])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            },
        };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    public static HostProgram Start(string data, params string[] arguments) => new(data, arguments);

    public async Task<HostState> HealthyAsync(CancellationToken cancellationToken)
    {
        HostState? state = null;
        await UntilAsync(() => (state = HostState.Read(_data)) is { Resources.Count: > 0 } && state.Pid == _process.Id && state.Resources.All(resource => resource.Health == "Healthy"), cancellationToken);
        return state!;
    }

    public async Task<int> EndAsync(StopSignal signal, CancellationToken cancellationToken)
    {
        Signals.Send(_process.Id, signal);
        return await EndedAsync(cancellationToken);
    }

    public async Task<int> EndedAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        await UntilAsync(() => _process.HasExited, limit.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await EndAsync(StopSignal.Terminate, CancellationToken.None);
        }

        await RunningHost.StopAsync(_data, TimeProvider.System, CancellationToken.None);
        _process.Dispose();
    }

    private async Task UntilAsync(Func<bool> condition, CancellationToken cancellationToken)
    {
        var begun = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(begun) > Patience)
            {
                throw new TimeoutException($"The host did not get there in {Patience}. Its output:\n{Output}");
            }

            await Task.Delay(PollInterval, TimeProvider.System, cancellationToken);
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.AppendLine(line);
        }
    }
}

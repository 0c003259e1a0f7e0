using FanOut.EmbeddedHosting.Processes;
using FanOut.EmbeddedHosting.Running;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace FanOut.EmbeddedHosting.State;

/// <summary>The AppHost of a data folder, from outside.</summary>
public static class RunningHost
{
    private static readonly TimeSpan PoliteTime = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>Asks the AppHost to stop and waits for it; then ends what a killed AppHost has left, if anything.</summary>
    public static async Task StopAsync(string dataPath, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(time);
        if (HostState.Read(dataPath) is { } state && state.IsAlive())
        {
            Signals.Send(state.Pid, StopSignal.Terminate);
            var deadline = time.GetUtcNow() + PoliteTime;
            while (state.IsAlive())
            {
                if (time.GetUtcNow() > deadline)
                {
                    Signals.Send(state.Pid, StopSignal.Kill);
                }

                await Task.Delay(PollInterval, time, cancellationToken);
            }
        }

        if (Directory.Exists(dataPath))
        {
            var data = new DataFolder(Options.Create(new EmbeddedHostOptions { DataPath = dataPath }));
            using var hostLock = HostLock.Take(data);
            await new ProcessLedger(data, time, NullLogger<ProcessLedger>.Instance).CleanUpAsync(cancellationToken);
        }
    }
}

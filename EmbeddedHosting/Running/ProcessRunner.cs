using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.Processes;
using Microsoft.Extensions.Logging;

namespace FanOut.EmbeddedHosting.Running;

/// <summary>Runs a process, and runs it again when it ends without being asked to.</summary>
internal abstract partial class ProcessRunner(IResource resource, string instance, int replica, RunnerContext context)
    : ResourceRunner(resource, instance, replica, context)
{
    /// <summary>A process that has run this long is not in a crash loop: the next pause is short again.</summary>
    private static readonly TimeSpan Settled = TimeSpan.FromSeconds(30);

    protected override async Task RunAsync(CancellationToken cancellationToken)
    {
        var pause = Context.Options.RestartDelay;
        for (var restarted = false; ; restarted = true)
        {
            Update(KnownResourceStates.Starting, restarted: restarted);
            var began = Context.Time.GetTimestamp();
            try
            {
                var process = Context.Launcher.Start(await PrepareAsync(cancellationToken));
                var exitCode = await RunProcessAsync(process, cancellationToken);
                if (Context.Time.GetElapsedTime(began) > Settled)
                {
                    pause = Context.Options.RestartDelay;
                }

                Log.Crashed(Context.Logger, Instance, process.Pid, exitCode, pause.TotalSeconds);
                Update(KnownResourceStates.Exited, exitCode: exitCode, reason: $"exited with code {exitCode}");
            }
            catch (Exception exception) when (exception is IOException or InvalidOperationException or System.ComponentModel.Win32Exception or UnauthorizedAccessException)
            {
                Log.CouldNotStart(Context.Logger, Instance, exception.Message, pause.TotalSeconds);
                Update(KnownResourceStates.FailedToStart, reason: exception.Message);
            }

            await Task.Delay(pause, Context.Time, cancellationToken);
            pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, Context.Options.MaxRestartDelay.Ticks));
        }
    }

    protected abstract Task<ProcessSpec> PrepareAsync(CancellationToken cancellationToken);

    private async Task<int> RunProcessAsync(ManagedProcess process, CancellationToken cancellationToken)
    {
        Update(KnownResourceStates.Running, process.Pid);
        using var watching = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = WatchHealthAsync(watching.Token);
        try
        {
            return await process.Exited.WaitAsync(cancellationToken);
        }
        finally
        {
            await watching.CancelAsync();
            await watch;
            if (!process.Exited.IsCompleted)
            {
                Update(KnownResourceStates.Stopping, process.Pid);
                if (!await process.StopAsync())
                {
                    Log.Killed(Context.Logger, Instance, process.Pid, process.Spec.StopTimeout.TotalSeconds);
                }
            }

            process.Kill();
        }
    }

    private static partial class Log
    {
        [LoggerMessage(7020, LogLevel.Warning, "{Name} (pid {Pid}) ended by itself with code {ExitCode}; starting it again in {Seconds} s")]
        public static partial void Crashed(ILogger logger, string name, int pid, int exitCode, double seconds);

        [LoggerMessage(7021, LogLevel.Error, "{Name} could not be started: {Reason}; trying again in {Seconds} s")]
        public static partial void CouldNotStart(ILogger logger, string name, string reason, double seconds);

        [LoggerMessage(7022, LogLevel.Warning, "{Name} (pid {Pid}) did not stop within {Seconds} s and was killed")]
        public static partial void Killed(ILogger logger, string name, int pid, double seconds);
    }
}

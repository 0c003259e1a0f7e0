using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FanOut.AppHost;

/// <summary>Starts a resource again after a crash, as an orchestrator does.</summary>
internal sealed partial class RestartCrashed(
    ResourceNotificationService resources, ResourceCommandService commands, TimeProvider time, ILogger<RestartCrashed> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var runs = new Dictionary<string, ResourceRuns>();
        await foreach (var change in resources.WatchAsync(stoppingToken))
        {
            if (!runs.TryGetValue(change.ResourceId, out var run))
            {
                runs[change.ResourceId] = run = new ResourceRuns(time);
            }

            if (run.Observe(change.Snapshot.State?.Text) is { } pause)
            {
                _ = StartAsync(change, pause, stoppingToken);
            }
        }
    }

    private async Task StartAsync(ResourceEvent crash, TimeSpan pause, CancellationToken cancellationToken)
    {
        try
        {
            Log.Restarting(logger, crash.ResourceId, crash.Snapshot.ExitCode, pause.TotalSeconds);
            await Task.Delay(pause, time, cancellationToken);
            var result = await commands.ExecuteCommandAsync(crash.ResourceId, KnownResourceCommands.StartCommand, cancellationToken);
            if (!result.Success)
            {
                Log.NotStarted(logger, crash.ResourceId, result.Message);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The AppHost stops.
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Resource} ended with exit code {ExitCode}. It is started again in {Pause} s.")]
        public static partial void Restarting(ILogger logger, string resource, int? exitCode, double pause);

        [LoggerMessage(2, LogLevel.Error, "{Resource} was not started again: {Error}")]
        public static partial void NotStarted(ILogger logger, string resource, string? error);
    }
}

internal static class RestartCrashedExtensions
{
    public static void RestartCrashedResources(this IDistributedApplicationBuilder builder)
    {
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddHostedService<RestartCrashed>();
    }
}

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace FanOut.AppHost;

/// <summary>Restarts a resource that ended without being stopped.</summary>
internal sealed partial class RestartCrashed(
    ResourceNotificationService resources, ResourceCommandService commands, TimeProvider time, ILogger<RestartCrashed> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var runs = new Dictionary<string, ResourceRuns>();
        await foreach (var change in resources.WatchAsync(stoppingToken))
        {
            // Aspire's rebuild of a project is a resource too. It ends, and only a user starts it.
            if (change.Resource.HasAnnotationOfType<ExplicitStartupAnnotation>())
            {
                continue;
            }

            // A program without an endpoint ends when its work is done.
            if (change.Snapshot.ExitCode == 0 && !change.Resource.TryGetEndpoints(out _))
            {
                continue;
            }

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
            if (resources.TryGetCurrentState(crash.ResourceId, out var now) && now.Snapshot.State?.Text != crash.Snapshot.State?.Text)
            {
                // A user has started it meanwhile.
                return;
            }

            var result = await commands.ExecuteCommandAsync(crash.ResourceId, KnownResourceCommands.StartCommand, cancellationToken);
            if (!result.Success)
            {
                Log.NotRestarted(logger, crash.ResourceId, result.Message);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The AppHost is stopping.
        }
        catch (Exception e)
        {
            Log.NotRestarted(logger, crash.ResourceId, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(1, LogLevel.Warning, "{Resource} ended with exit code {ExitCode}. Restarting in {Pause} s.")]
        public static partial void Restarting(ILogger logger, string resource, int? exitCode, double pause);

        [LoggerMessage(2, LogLevel.Error, "{Resource} could not be restarted: {Error}")]
        public static partial void NotRestarted(ILogger logger, string resource, string? error);
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

using Microsoft.Extensions.Options;

namespace FanOut.NotificationWorker.Retention;

/// <summary>Deletes mails that were written as files, after their retention. Only files with the names that this worker gives.</summary>
internal sealed partial class PickupSweeper(
    IOptions<SmtpOptions> smtp,
    IOptions<NotificationOptions> options,
    IHostEnvironment environment,
    TimeProvider time,
    ILogger<PickupSweeper> logger) : BackgroundService
{
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!string.IsNullOrWhiteSpace(smtp.Value.Host))
        {
            return;
        }

        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        try
        {
            do
            {
                Sweep(Path.Combine(environment.ContentRootPath, smtp.Value.PickupFolder));
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The worker stops.
        }
    }

    private void Sweep(string folder)
    {
        try
        {
            var before = time.GetUtcNow().UtcDateTime - options.Value.Retention;
            var files = Directory.Exists(folder) ? new DirectoryInfo(folder).EnumerateFiles() : [];
            foreach (var file in files.Where(file => IsMail(file.Name) && file.LastWriteTimeUtc < before))
            {
                file.Delete();
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Log.SweepFailed(logger, folder, e);
        }
    }

    // '<event>.eml', or '.<event>.tmp' of a worker that died.
    private static bool IsMail(string name) =>
        (name.EndsWith(".eml", StringComparison.Ordinal) && Guid.TryParseExact(name[..^4], "d", out _))
        || (name.EndsWith(".tmp", StringComparison.Ordinal) && name[0] == '.' && Guid.TryParseExact(name[1..^4], "d", out _));

    private static partial class Log
    {
        [LoggerMessage(5010, LogLevel.Warning, "Old mails in '{Folder}' could not be deleted; retrying at the next sweep")]
        public static partial void SweepFailed(ILogger logger, string folder, Exception exception);
    }
}

using Microsoft.Extensions.Logging;

namespace FanOut.EmbeddedHosting.Processes;

/// <summary>
/// Redis and PostgreSQL make their data folder their working directory. The holder of the host lock owns the folder, so a process found there was left by
/// a host that was killed, perhaps before it could write it down; two servers on one folder would ruin it.
/// </summary>
internal static partial class FolderOccupants
{
    private static readonly TimeSpan PoliteTime = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(50);

    public static async Task EndAsync(string folder, StopSignal signal, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var deadline = time.GetUtcNow() + PoliteTime;
        var asked = new HashSet<int>();
        for (var found = Find(folder); found.Count > 0; found = Find(folder))
        {
            var late = time.GetUtcNow() > deadline;
            foreach (var pid in found)
            {
                if (late)
                {
                    Signals.Send(pid, StopSignal.Kill);
                }
                else if (asked.Add(pid))
                {
                    Log.Ending(logger, pid, folder);
                    Signals.Send(pid, signal);
                }
            }

            await Task.Delay(PollInterval, time, cancellationToken);
        }
    }

    private static List<int> Find(string folder)
    {
        var occupants = new List<int>();
        if (!OperatingSystem.IsLinux())
        {
            return occupants;
        }

        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), out var pid) || pid == Environment.ProcessId)
            {
                continue;
            }

            try
            {
                if (new FileInfo(Path.Combine(process, "cwd")).LinkTarget == folder)
                {
                    occupants.Add(pid);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
            }
        }

        return occupants;
    }

    private static partial class Log
    {
        [LoggerMessage(7040, LogLevel.Information, "Ending process {Pid}, which an earlier AppHost left in {Folder}")]
        public static partial void Ending(ILogger logger, int pid, string folder);
    }
}

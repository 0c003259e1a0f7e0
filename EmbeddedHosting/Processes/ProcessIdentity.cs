using System.Diagnostics;
using System.Globalization;

namespace FanOut.EmbeddedHosting.Processes;

/// <summary>When a process started, to tell it from a later one that was given the same pid.</summary>
public static class ProcessIdentity
{
    private const int StartTimeField = 22;

    /// <summary>The identity of the process with this id, or null when there is none (a zombie counts as none).</summary>
    public static string? Of(int pid)
    {
        if (!OperatingSystem.IsLinux())
        {
            try
            {
                using var process = Process.GetProcessById(pid);
                return process.StartTime.ToUniversalTime().ToString("O", CultureInfo.InvariantCulture);
            }
            catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                return null;
            }
        }

        try
        {
            // The second field, the program's name in parentheses, may hold anything: count from its end.
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? null : $"{BootId.Value}/{fields[StartTimeField - 3]}";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static readonly Lazy<string> BootId = new(() => File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim());
}

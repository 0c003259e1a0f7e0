using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FanOut.EmbeddedHosting.Processes;

internal static partial class Signals
{
    public static void Send(int pid, StopSignal signal)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Kill(pid, (int)signal);
            return;
        }

        try
        {
            using var process = Process.GetProcessById(pid);
            process.Kill(entireProcessTree: true);
        }
        catch (ArgumentException)
        {
        }
    }

    /// <summary>To every process of the group that this pid leads.</summary>
    public static void SendToGroup(int leader, StopSignal signal)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = Kill(-leader, (int)signal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int pid, int signal);
}

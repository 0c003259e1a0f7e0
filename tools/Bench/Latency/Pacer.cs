using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FanOut.Bench.Latency;

/// <summary>Calls at exact intervals from its own thread, without waiting for the effect: an open loop.</summary>
internal static partial class Pacer
{
    private const int SetTimerSlack = 29;

    /// <summary>Calls with the number, from 0, and when it was due; the call must not block. The rate is in calls per second.</summary>
    public static Task RunAsync(int rate, int count, Action<int, long> call, CancellationToken cancellationToken)
        => Task.Factory.StartNew(
            () =>
            {
                if (OperatingSystem.IsLinux())
                {
                    _ = Prctl(SetTimerSlack, 1, 0, 0, 0);
                }

                var start = Stopwatch.GetTimestamp() + (Stopwatch.Frequency / 100);
                for (var number = 0; number < count; number++)
                {
                    var due = start + (long)((double)number / rate * Stopwatch.Frequency);
                    Wait(due);
                    cancellationToken.ThrowIfCancellationRequested();
                    call(number, due);
                }
            },
            cancellationToken,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);

    /// <summary>A millisecond timer is too coarse, and spinning would take a core away.</summary>
    private static void Wait(long due)
    {
        for (var left = due - Stopwatch.GetTimestamp(); left > 0; left = due - Stopwatch.GetTimestamp())
        {
            if (OperatingSystem.IsWindows())
            {
                Thread.Yield();
                continue;
            }

            var nanoseconds = left * 1_000_000_000 / Stopwatch.Frequency;
            var time = new Timespec { Seconds = (nint)(nanoseconds / 1_000_000_000), Nanoseconds = (nint)(nanoseconds % 1_000_000_000) };
            _ = Nanosleep(in time, 0);
        }
    }

    [LibraryImport("libc", EntryPoint = "nanosleep")]
    private static partial int Nanosleep(in Timespec time, nint remaining);

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int Prctl(int option, nuint value, nuint unused3, nuint unused4, nuint unused5);

    [StructLayout(LayoutKind.Sequential)]
    private struct Timespec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}

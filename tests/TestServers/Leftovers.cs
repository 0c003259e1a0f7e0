using System.Collections.Concurrent;

namespace FanOut.TestServers;

/// <summary>Removes processes and folders at a normal end, and at the next start if the last run was killed.</summary>
internal static class Leftovers
{
    private const string Prefix = "fanout-test-";
    private static readonly ConcurrentDictionary<ServerProcess, byte> Processes = new();
    private static readonly ConcurrentDictionary<string, FileStream> Folders = new();

    static Leftovers()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            foreach (var process in Processes.Keys)
            {
                process.KillNow();
            }

            foreach (var folder in Folders.Keys)
            {
                Delete(folder);
            }
        };
        Sweep();
    }

    public static void Track(ServerProcess process) => Processes[process] = 0;

    public static void Forget(ServerProcess process) => Processes.TryRemove(process, out _);

    public static string CreateFolder()
    {
        var path = Path.Combine(Path.GetTempPath(), $"{Prefix}{Guid.NewGuid():n}");

        // Held open, and so locked, while this process lives: that tells another run's sweep to keep off, across containers too.
        Folders[path] = new FileStream(path + ".lock", FileMode.CreateNew, FileAccess.Write, FileShare.None);
        Directory.CreateDirectory(path);
        if (!OperatingSystem.IsWindows() && ServerProcess.IsRoot)
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        }

        return path;
    }

    public static void Delete(string folder)
    {
        if (!Folders.TryRemove(folder, out var held))
        {
            return;
        }

        try
        {
            Directory.Delete(folder, recursive: true);
            File.Delete(folder + ".lock");
        }
        catch (IOException)
        {
            // A dying backend may still write; the next run sweeps the folder.
        }
        finally
        {
            held.Dispose();
        }
    }

    private static void Sweep()
    {
        foreach (var file in Directory.EnumerateFiles(Path.GetTempPath(), $"{Prefix}*.lock"))
        {
            try
            {
                using var mine = new FileStream(file, FileMode.Open, FileAccess.Write, FileShare.None);
                var folder = Path.ChangeExtension(file, null);
                if (Directory.Exists(folder))
                {
                    Directory.Delete(folder, recursive: true);
                }

                File.Delete(file);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another run's, and it lives.
            }
        }
    }
}

using Aspire.Hosting;

namespace FanOut.EmbeddedHosting.State;

/// <summary>One AppHost a data folder. The kernel lets go of the lock however its holder ends.</summary>
internal sealed class HostLock : IDisposable
{
    private readonly FileStream _file;

    private HostLock(FileStream file) => _file = file;

    public static HostLock Take(DataFolder data)
    {
        Directory.CreateDirectory(data.Root);
        try
        {
            return new HostLock(new FileStream(data.LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None));
        }
        catch (IOException exception) when (File.Exists(data.LockFile))
        {
            var holder = HostState.Read(data.Root) is { } state && state.IsAlive() ? $" (pid {state.Pid})" : "";
            throw new DistributedApplicationException(
                $"Another AppHost{holder} already runs on the data folder {data.Root}. Stop it first (./fanout down, or Ctrl+C where it runs), or give this one a folder of its own with --EmbeddedHosting:DataPath=<folder>.",
                exception);
        }
    }

    public void Dispose() => _file.Dispose();
}

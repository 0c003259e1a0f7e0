using FanOut.EmbeddedHosting.Running;
using Microsoft.Extensions.Options;

namespace FanOut.EmbeddedHosting.State;

/// <summary>Where one application keeps its data, its logs and what it needs to find its own processes again.</summary>
internal sealed class DataFolder(IOptions<EmbeddedHostOptions> options)
{
    public const string DefaultName = ".data";

    public string Root { get; } = options.Value.DataPath!;

    public string LockFile => Path.Combine(Root, "host.lock");

    public string StateFile => HostState.FileIn(Root);

    public string LedgerFile => Path.Combine(Root, "processes.json");

    /// <summary>The configured path, or <c>.data</c> at the root of the repository that the AppHost belongs to.</summary>
    public static string Resolve(string? configured, string appHostDirectory) =>
        string.IsNullOrWhiteSpace(configured)
            ? Path.Combine(RepositoryRoot(appHostDirectory), DefaultName)
            : Path.GetFullPath(configured);

    public string LogFile(string resource) => Path.Combine(Root, "logs", resource + ".log");

    public string VolumeOf(string resource, bool persistent) => Path.Combine(Root, persistent ? "volumes" : "scratch", resource);

    private static string RepositoryRoot(string directory)
    {
        for (var folder = new DirectoryInfo(directory); folder is not null; folder = folder.Parent)
        {
            if (Path.Exists(Path.Combine(folder.FullName, ".git")) || folder.EnumerateFiles("*.sln").Any() || folder.EnumerateFiles("*.slnx").Any())
            {
                return folder.FullName;
            }
        }

        return directory;
    }
}

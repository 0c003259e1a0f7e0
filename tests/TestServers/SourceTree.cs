namespace FanOut.TestServers;

/// <summary>The clone that this program was built in, and the services that were built in it.</summary>
public static class SourceTree
{
    private const string Framework = "net10.0";

    public static string Root { get; } = FindRoot();

    /// <summary>The assembly of a service.</summary>
    /// <param name="project">The project's name.</param>
    public static string Program(string project) => Path.Combine(Root, project, "bin", "Release", Framework, $"FanOut.{project}.dll");

    private static string FindRoot()
    {
        if (Environment.GetEnvironmentVariable("FANOUT_ROOT") is { Length: > 0 } given)
        {
            return given;
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "FanOut.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"FanOut.sln was not found above {AppContext.BaseDirectory}: set FANOUT_ROOT to the clone.");
    }
}

namespace FanOut.Cli;

/// <summary>The clone this tool works on. FANOUT_DATA names another data folder, for a second system beside the first.</summary>
internal sealed record Workspace(string Root, string DataPath)
{
    public string AppHost => Path.Combine(Root, "AppHost", "bin", "Release", "net10.0", "FanOut.AppHost.dll");

    public string HostOutput => Path.Combine(DataPath, "logs", "host-output.log");

    public static Workspace Find()
    {
        var root = Environment.GetEnvironmentVariable("FANOUT_ROOT") is { Length: > 0 } given ? given : Ascend(Environment.CurrentDirectory);
        var data = Environment.GetEnvironmentVariable("FANOUT_DATA") is { Length: > 0 } folder ? Path.GetFullPath(folder) : Path.Combine(root, ".data");
        return new Workspace(root, data);
    }

    private static string Ascend(string folder)
    {
        for (var current = new DirectoryInfo(folder); current is not null; current = current.Parent)
        {
            if (File.Exists(Path.Combine(current.FullName, "FanOut.sln")))
            {
                return current.FullName;
            }
        }

        throw new DirectoryNotFoundException("FanOut.sln was not found here or in a folder above: run this inside a clone of FanOut, or set FANOUT_ROOT.");
    }
}

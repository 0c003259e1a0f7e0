namespace FanOut.Cli;

/// <summary>The clone that this tool works on.</summary>
internal sealed record Workspace(string Root)
{
    public string AppHost => Path.Combine(Root, "AppHost", "AppHost.csproj");

    /// <summary>The output of an AppHost in the background.</summary>
    public string AppHostLog => Path.Combine(Root, "artifacts", "apphost.log");

    public static Workspace Find() =>
        new(Environment.GetEnvironmentVariable("FANOUT_ROOT") is { Length: > 0 } root ? root : Ascend(Environment.CurrentDirectory));

    private static string Ascend(string folder)
    {
        for (var current = new DirectoryInfo(folder); current is not null; current = current.Parent)
        {
            if (File.Exists(Path.Combine(current.FullName, "FanOut.sln")))
            {
                return current.FullName;
            }
        }

        throw new DirectoryNotFoundException("There is no FanOut.sln here or in a parent folder. Run this in a clone of FanOut, or set FANOUT_ROOT.");
    }
}

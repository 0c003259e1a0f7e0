using System.Runtime.InteropServices;

namespace FanOut.Cli;

internal static class DotnetHost
{
    /// <summary>The dotnet that runs this tool.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        var name = OperatingSystem.IsWindows() ? "dotnet.exe" : "dotnet";
        var own = System.IO.Path.GetFullPath($"../../../{name}", RuntimeEnvironment.GetRuntimeDirectory());
        return File.Exists(own) ? own : name;
    }
}

namespace FanOut.EmbeddedHosting.Processes;

internal static class Executables
{
    /// <summary>The first of these programs on PATH or in the extra folders, or null.</summary>
    public static string? Find(string name, params IEnumerable<string> extraFolders)
    {
        var file = OperatingSystem.IsWindows() ? name + ".exe" : name;
        return extraFolders
            .Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            .Select(folder => Path.Combine(folder, file))
            .FirstOrDefault(File.Exists);
    }
}

using System.Xml.Linq;

namespace FanOut.Architecture.Tests;

/// <summary>The files on disk that git would commit, without the output of builds.</summary>
internal static class Repository
{
    private static readonly string[] MadeFolders = ["bin", "obj", "artifacts", "node_modules", "TestResults", "BenchmarkDotNet.Artifacts"];

    public static string Root { get; } = FindRoot();

    /// <summary>Paths below the root, with forward slashes.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Enumerate(Root).Select(Relative).Order(StringComparer.Ordinal)];

    public static IReadOnlyList<string> Projects { get; } = WithExtension(".csproj");

    public static IReadOnlyList<string> WithExtension(string extension) =>
        [.. Files.Where(file => file.EndsWith(extension, StringComparison.Ordinal))];

    public static string Read(string file) => File.ReadAllText(Path.Combine(Root, file));

    public static string[] ReadLines(string file) => File.ReadAllLines(Path.Combine(Root, file));

    public static string NameOf(string project) => Path.GetFileNameWithoutExtension(project);

    public static IEnumerable<string> References(string project) => XDocument.Parse(Read(project))
        .Descendants("ProjectReference")
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/')));

    /// <summary>The project that a file belongs to, or null.</summary>
    public static string? ProjectOf(string file) =>
        Projects.FirstOrDefault(project => file.StartsWith(project[..(project.LastIndexOf('/') + 1)], StringComparison.Ordinal)) is { } found
            ? NameOf(found)
            : null;

    private static string Relative(string path) => Path.GetRelativePath(Root, path).Replace('\\', '/');

    private static IEnumerable<string> Enumerate(string folder) => Directory.EnumerateFiles(folder).Concat(
        Directory.EnumerateDirectories(folder)
            .Where(child => Path.GetFileName(child) is var name && !name.StartsWith('.') && !MadeFolders.Contains(name))
            .SelectMany(Enumerate));

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "FanOut.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"There is no FanOut.sln above {AppContext.BaseDirectory}.");
    }
}

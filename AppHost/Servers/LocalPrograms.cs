using System.Globalization;

namespace FanOut.AppHost.Servers;

internal static class LocalPrograms
{
    private const string DebianPostgres = "/usr/lib/postgresql";

    /// <summary>Finds the first of these programs on PATH, or in Debian's folders of PostgreSQL, newest version first.</summary>
    /// <param name="names">The program, under each name that it may have.</param>
    /// <param name="debian">The package that installs it on Debian and Ubuntu, for the message of a failure.</param>
    /// <param name="fedora">The package on Fedora.</param>
    /// <param name="homebrew">The package of Homebrew.</param>
    /// <exception cref="DistributedApplicationException">None is installed.</exception>
    public static string Find(string[] names, string debian, string fedora, string homebrew)
    {
        var versions = Directory.Exists(DebianPostgres)
            ? Directory.GetDirectories(DebianPostgres).OrderByDescending(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
            : Enumerable.Empty<string>();
        var folders = versions.Select(version => Path.Combine(version, "bin")).Concat((Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator));
        return names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new DistributedApplicationException(
                $"No container engine answers, and {names[0]} is not installed. Start the engine, or install the program: apt-get install {debian} (Debian, Ubuntu), dnf install {fedora} (Fedora), brew install {homebrew} (macOS).");
    }
}

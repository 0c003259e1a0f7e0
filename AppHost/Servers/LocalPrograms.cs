using System.Globalization;

namespace FanOut.AppHost.Servers;

internal static class LocalPrograms
{
    private const string DebianPostgres = "/usr/lib/postgresql";

    /// <summary>Finds the first of these programs on PATH, or else in Debian's folders of PostgreSQL, newest version first.</summary>
    /// <param name="names">The names that the program may have.</param>
    /// <param name="debian">The package that installs it on Debian and Ubuntu, for the error message.</param>
    /// <param name="fedora">The package on Fedora.</param>
    /// <param name="homebrew">The package of Homebrew.</param>
    /// <exception cref="DistributedApplicationException">None is installed.</exception>
    public static string Find(string[] names, string debian, string fedora, string homebrew)
    {
        var versions = Directory.Exists(DebianPostgres) ? Directory.GetDirectories(DebianPostgres) : [];
        string[] folders =
        [
            .. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator),
            .. versions.OrderByDescending(Version).Select(version => Path.Combine(version, "bin")),
        ];
        return names.SelectMany(name => folders.Select(folder => Path.Combine(folder, name))).FirstOrDefault(File.Exists)
            ?? throw new DistributedApplicationException(
                $"Redis and PostgreSQL run as local processes here, and {names[0]} is not installed. Start a container engine, or install it: "
                + $"apt-get install {debian} (Debian, Ubuntu), dnf install {fedora} (Fedora), brew install {homebrew} (macOS).");
    }

    private static int Version(string folder) =>
        int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0;
}

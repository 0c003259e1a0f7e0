using System.Globalization;
using Aspire.Hosting;
using FanOut.EmbeddedHosting.Processes;

namespace FanOut.EmbeddedHosting.Running;

/// <summary>A folder that holds PostgreSQL's own programs. Debian keeps them off PATH, one folder a major version.</summary>
internal sealed record PostgresInstallation(string Folder)
{
    private const string DebianRoot = "/usr/lib/postgresql";

    public string Initdb => Program("initdb");

    public string Postgres => Program("postgres");

    /// <summary>The newest one, or the one of the major version that the data were made by.</summary>
    public static PostgresInstallation Find(string? dataVersion = null)
    {
        var all = All().ToArray();
        return (dataVersion is null ? all.FirstOrDefault() : all.FirstOrDefault(installation => installation.MajorVersion() == dataVersion) ?? all.FirstOrDefault())
            ?? throw new DistributedApplicationException("PostgreSQL was not found (initdb and postgres, on PATH or in /usr/lib/postgresql/*/bin). Install it: apt-get install postgresql (Debian, Ubuntu), dnf install postgresql-server (Fedora), brew install postgresql (macOS).");
    }

    private string? MajorVersion() => Path.GetFileName(Path.GetDirectoryName(Folder));

    private string Program(string name) => Path.Combine(Folder, OperatingSystem.IsWindows() ? name + ".exe" : name);

    private static IEnumerable<PostgresInstallation> All()
    {
        var debian = Directory.Exists(DebianRoot)
            ? Directory.GetDirectories(DebianRoot).OrderByDescending(folder => double.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out var version) ? version : 0)
            : Enumerable.Empty<string>();
        var onPath = Executables.Find("initdb") is { } initdb ? [Path.GetDirectoryName(initdb)!] : Array.Empty<string>();
        return debian.Select(folder => Path.Combine(folder, "bin")).Concat(onPath)
            .Select(folder => new PostgresInstallation(folder))
            .Where(installation => File.Exists(installation.Initdb) && File.Exists(installation.Postgres));
    }
}

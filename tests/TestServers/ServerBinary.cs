namespace FanOut.TestServers;

internal static class ServerBinary
{
    public static string Redis => Find("redis-server", ["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"], "apt-get install redis-server");

    public static string Postgres => Find("postgres", PostgresFolders(), "apt-get install postgresql");

    public static string InitDb => Path.Combine(Path.GetDirectoryName(Postgres)!, "initdb");

    public static string? SetPriv { get; } = Candidates("setpriv", ["/usr/bin"]).FirstOrDefault(File.Exists);

    private static string Find(string name, IEnumerable<string> folders, string install) =>
        Candidates(name, folders).FirstOrDefault(File.Exists)
        ?? throw new TestServerException($"'{name}' is neither on the PATH nor in the usual folders. Install it ({install}) or put it on the PATH.");

    private static IEnumerable<string> Candidates(string name, IEnumerable<string> folders) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(folders).Select(folder => Path.Combine(folder, name));

    private static IEnumerable<string> PostgresFolders() =>
        new[] { ("/usr/lib/postgresql", "*"), ("/usr", "pgsql-*"), ("/opt/homebrew/opt", "postgresql*"), ("/usr/local/opt", "postgresql*") }
            .Where(place => Directory.Exists(place.Item1))
            .SelectMany(place => Directory.EnumerateDirectories(place.Item1, place.Item2))
            .OrderByDescending(Version)
            .Select(folder => Path.Combine(folder, "bin"));

    private static int Version(string folder) =>
        int.TryParse(new string([.. Path.GetFileName(folder).Where(char.IsAsciiDigit)]), out var version) ? version : 0;
}

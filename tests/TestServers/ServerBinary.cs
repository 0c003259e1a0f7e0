namespace FanOut.TestServers;

/// <summary>Where the programs of servers and browsers are: as an environment variable says, otherwise on the PATH or in the usual folders.</summary>
public static class ServerBinary
{
    /// <summary>The path of a redis-server or valkey-server.</summary>
    public const string RedisVariable = "FANOUT_TEST_REDIS";

    /// <summary>The folder with <c>postgres</c>, <c>initdb</c> and <c>pg_basebackup</c>.</summary>
    public const string PostgresVariable = "FANOUT_TEST_POSTGRES";

    /// <summary>The path of a pgbouncer.</summary>
    public const string PgBouncerVariable = "FANOUT_TEST_PGBOUNCER";

    /// <summary>The path of a Chromium or Chrome.</summary>
    public const string BrowserVariable = "FANOUT_TEST_BROWSER";

    public static string Redis => Find(RedisVariable, ["redis-server", "valkey-server"], "redis-server");

    public static string Postgres => FindPostgres(PostgresVariable, "postgres");

    public static string InitDb => FindPostgres(PostgresVariable, "initdb");

    public static string BaseBackup => FindPostgres(PostgresVariable, "pg_basebackup");

    public static string PgBouncer => Find(PgBouncerVariable, ["pgbouncer"], "pgbouncer", "/usr/sbin");

    public static string Browser => Find(BrowserVariable, ["chromium", "chromium-browser", "google-chrome"], "chromium");

    public static string? SetPriv { get; } = Candidates("setpriv", []).FirstOrDefault(File.Exists);

    /// <param name="variable">The environment variable that may hold its path.</param>
    /// <param name="names">What it may be called.</param>
    /// <param name="package">What installs it.</param>
    /// <param name="folders">Where it may be beside the PATH.</param>
    public static string Find(string variable, string[] names, string package, params string[] folders) =>
        Environment.GetEnvironmentVariable(variable) switch
        {
            null or "" => names.SelectMany(name => Candidates(name, folders)).FirstOrDefault(File.Exists) ?? throw new TestServerException(
                $"'{names[0]}' is neither on the PATH nor in the usual folders. Install it (apt-get install {package}) or set {variable}."),
            var path when File.Exists(path) => path,
            var path => throw new TestServerException($"{variable} is '{path}', which is not a file."),
        };

    /// <param name="variable">The environment variable that may hold the folder.</param>
    /// <param name="program">One of the programs in it.</param>
    public static string FindPostgres(string variable, string program)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } folder)
        {
            // It may be a link, and the others have none beside it.
            var postgres = Find(variable, ["postgres"], "postgresql", PostgresFolders());
            folder = Path.GetDirectoryName(File.ResolveLinkTarget(postgres, returnFinalTarget: true)?.FullName ?? postgres)!;
        }

        var path = Path.Combine(folder, program);
        return File.Exists(path) ? path : throw new TestServerException($"'{program}' is not in {folder}: see {variable}.");
    }

    private static IEnumerable<string> Candidates(string name, string[] folders) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Concat(folders).Concat(["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"]).Select(folder => Path.Combine(folder, name));

    private static string[] PostgresFolders() =>
    [
        .. new[] { ("/usr/lib/postgresql", "*"), ("/usr", "pgsql-*"), ("/opt/homebrew/opt", "postgresql*"), ("/usr/local/opt", "postgresql*") }
            .Where(place => Directory.Exists(place.Item1))
            .SelectMany(place => Directory.EnumerateDirectories(place.Item1, place.Item2))
            .OrderByDescending(Version)
            .Select(folder => Path.Combine(folder, "bin")),
    ];

    private static int Version(string folder) =>
        int.TryParse(new string([.. Path.GetFileName(folder).Where(char.IsAsciiDigit)]), out var version) ? version : 0;
}

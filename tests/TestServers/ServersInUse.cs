using System.Diagnostics;

namespace FanOut.TestServers;

/// <summary>
/// Prints the programs and versions that a test run uses, when it starts. A test assembly asks for it with
/// <c>[assembly: AssemblyFixture(typeof(ServersInUse))]</c>.
/// </summary>
public sealed class ServersInUse
{
    public ServersInUse()
    {
        foreach (var line in Describe())
        {
            Console.WriteLine(line);
        }
    }

    /// <summary>A line for each kind of server; for one that cannot be found, the reason.</summary>
    public static IEnumerable<string> Describe() =>
    [
        Describe(() => ServerBinary.Redis),
        Describe(() => ServerBinary.Postgres),
        Describe(() => ServerBinary.PgBouncer),
    ];

    private static string Describe(Func<string> program)
    {
        try
        {
            var path = program();
            using var process = Process.Start(new ProcessStartInfo(path, "--version") { RedirectStandardOutput = true })!;
            return $"Server: {path}: {process.StandardOutput.ReadLine()}";
        }
        catch (TestServerException e)
        {
            return $"Server: {e.Message}";
        }
    }
}

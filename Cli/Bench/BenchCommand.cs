using System.CommandLine;

namespace FanOut.Cli.Bench;

internal static class BenchCommand
{
    public const string Name = "bench";

    /// <summary>Only how it appears in the help: its arguments are the benchmark's own to read.</summary>
    public static Command Create() => new(Name, "Measure the event bus and the services against what the servers can do: 'bench --help' says more.");

    /// <summary>Runs the benchmark as a process of its own: what it measures shares it with nothing.</summary>
    public static Task<int> RunAsync(Workspace workspace, IEnumerable<string> arguments) => ToolProcess.RunAsync(workspace, workspace.Bench, Name, arguments);
}

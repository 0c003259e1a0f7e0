using System.CommandLine;

namespace FanOut.Cli.Chaos;

internal static class ChaosCommand
{
    public const string Name = "chaos";

    /// <summary>Only how it appears in the help: its arguments are the fault suite's own to read.</summary>
    public static Command Create() => new(Name, "Break a system of its own in every way, under load, and verify that nothing is lost and nothing happens twice: 'chaos --help' says more.");

    public static Task<int> RunAsync(Workspace workspace, IEnumerable<string> arguments) => ToolProcess.RunAsync(workspace, workspace.Chaos, Name, arguments);
}

using System.CommandLine;

namespace FanOut.Cli.DeadLetters;

internal static class DlqCommand
{
    public static Command Create(Workspace workspace) => new("dlq", "List, show, redrive and discard dead letters.")
    {
        ListCommand.Create(workspace),
        ShowCommand.Create(workspace),
        DecideCommand.Create(workspace, redrive: true),
        DecideCommand.Create(workspace, redrive: false),
    };
}

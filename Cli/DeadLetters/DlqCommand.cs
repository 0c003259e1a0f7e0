using System.CommandLine;

namespace FanOut.Cli.DeadLetters;

internal static class DlqCommand
{
    public static Command Create(Workspace workspace) => new("dlq", "Look at dead letters, give them to their group once more, or discard them.")
    {
        ListCommand.Create(workspace),
        ShowCommand.Create(workspace),
        DecideCommand.Create(workspace, Verb.Redrive),
        DecideCommand.Create(workspace, Verb.Discard),
    };
}

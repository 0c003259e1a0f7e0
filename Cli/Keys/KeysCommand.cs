using System.CommandLine;

namespace FanOut.Cli.Keys;

internal static class KeysCommand
{
    public static Command Create(Workspace workspace) => new("keys", "Create, list and revoke API keys.")
    {
        CreateKeyCommand.Create(workspace),
        ListKeysCommand.Create(workspace),
        RevokeKeyCommand.Create(workspace),
    };
}

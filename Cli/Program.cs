using System.CommandLine;
using FanOut.Cli;
using FanOut.Cli.Customers;
using FanOut.Cli.DeadLetters;
using FanOut.Cli.Demo;
using FanOut.Cli.Keys;
using FanOut.Cli.Running;
using FanOut.Cli.Verify;
using Spectre.Console;

// A pipe or a log has no width, and the default is too narrow for the tables.
if (Console.IsOutputRedirected)
{
    AnsiConsole.Profile.Width = 160;
}

try
{
    var workspace = Workspace.Find();
    var root = new RootCommand("FanOut: an event bus on Redis Streams, in a full order system.")
    {
        UpCommand.Create(workspace),
        DownCommand.Create(workspace),
        StatusCommand.Create(workspace),
        DemoCommand.Create(workspace),
        DlqCommand.Create(workspace),
        KeysCommand.Create(workspace),
        CustomerCommand.Create(workspace),
        VerifyCommand.Create(workspace),
    };
    return await root.Parse(args).RunAsync(new() { ProcessTerminationTimeout = TimeSpan.FromMinutes(3), EnableDefaultExceptionHandler = false });
}
catch (OperationCanceledException)
{
    return 130;
}
catch (Exception e)
{
    await Console.Error.WriteLineAsync($"fanout: {e.Message}");
    return 1;
}

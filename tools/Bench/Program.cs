using System.CommandLine;
using FanOut.Bench;
using FanOut.Cli;
using Spectre.Console;

// A pipe or a log has no width, and the default is too narrow for the tables.
if (Console.IsOutputRedirected)
{
    AnsiConsole.Profile.Width = 180;
}

return await BenchCommand.Create().Parse(args).RunAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });

using System.CommandLine;
using FanOut.Bench;
using Spectre.Console;

// A pipe or a log has no width; the default would break tables into pieces.
if (Console.IsOutputRedirected)
{
    AnsiConsole.Profile.Width = 180;
}

return await BenchCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });

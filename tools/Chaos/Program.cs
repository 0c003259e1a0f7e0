using System.CommandLine;
using FanOut.Chaos;
using FanOut.Cli;

return await ChaosCommand.Create().Parse(args).RunAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });

using System.CommandLine;
using FanOut.Chaos;

return await ChaosCommand.Create().Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TimeSpan.FromSeconds(30) });

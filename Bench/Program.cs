using FanOut.Bench.Consume;
using FanOut.Bench.Running;

var events = args.Length > 0 ? int.Parse(args[0], System.Globalization.CultureInfo.InvariantCulture) : 300_000;
var groups = args.Length > 1 ? int.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 1;
var rounds = args.Length > 2 ? int.Parse(args[2], System.Globalization.CultureInfo.InvariantCulture) : 3;
var lanes = args.Length > 3 ? int.Parse(args[3], System.Globalization.CultureInfo.InvariantCulture) : 4;
var only = args.Length > 4 ? args[4] : "";
await using var servers = await BenchServers.StartAsync(CancellationToken.None);
var progress = new Progress<string>(Console.WriteLine);
foreach (var m in await new ConsumeScenario(servers, events, lanes).RunAsync(groups, rounds, only, progress, CancellationToken.None))
{
    Console.WriteLine($"{m.Variant,-32} {m.Median,12:n0} {m.Unit} ({m.Lowest:n0}-{m.Highest:n0}) ratio {m.Ratio:f2}");
}

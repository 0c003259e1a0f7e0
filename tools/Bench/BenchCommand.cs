using System.CommandLine;
using FanOut.Bench.Consume;
using FanOut.Bench.EndToEnd;
using FanOut.Bench.Groups;
using FanOut.Bench.Growth;
using FanOut.Bench.Ingest;
using FanOut.Bench.Latency;
using FanOut.Bench.Micro;
using FanOut.Bench.Publish;
using FanOut.Bench.Reporting;
using FanOut.Bench.Retention;
using FanOut.Bench.Retry;
using FanOut.Bench.StreamConsole;
using FanOut.Cli;
using Spectre.Console;

namespace FanOut.Bench;

internal static class BenchCommand
{
    private static readonly IScenario[] Scenarios =
    [
        new ConsumeScenario(), new GroupsScenario(), new RetryScenario(), new PublishScenario(), new LatencyScenario(), new IngestScenario(),
        new EndToEndScenario(), new ConsoleScenario(), new RetentionScenario(), new GrowthScenario(), new MicroScenario(),
    ];

    public static RootCommand Create()
    {
        string[] known = [.. Scenarios.Select(scenario => scenario.Name)];
        var names = new Argument<string[]>("scenario") { Description = "Scenarios to run. Default: all.", Arity = ArgumentArity.ZeroOrMore };
        names.AcceptOnlyFromAmong(known);
        var all = new Option<bool>("--all") { Description = "Run all scenarios, as without a name." };
        var quick = new Option<bool>("--quick") { Description = "Run each scenario in a few minutes, with rough ratios." };
        var smoke = new Option<bool>("--smoke") { Description = "Only check that everything works. The figures mean nothing.", Hidden = true };
        var rounds = new Option<int?>("--rounds") { Description = "Rounds of each variant (default 5, with --quick 3)." };
        rounds.MustBe("1 to 100", count => count is >= 1 and <= 100);
        var json = new Option<FileInfo?>("--json") { Description = "Write the results to this file." };
        var writeDocs = new Option<bool>("--write-docs") { Description = "Write tables and charts to docs/performance.md and docs/performance/." };
        var command = new RootCommand("Measures FanOut, its limit, and alternatives, on its own durable Redis and Postgres.")
        {
            names, all, quick, smoke, rounds, json, writeDocs, BareApi.CreateCommand(),
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var effort = arguments.GetValue(smoke) ? Effort.Smoke : arguments.GetValue(quick) ? Effort.Quick : Effort.Full;
            var wanted = arguments.GetValue(names) is { Length: > 0 } named && !arguments.GetValue(all) ? named : known;
            var count = arguments.GetValue(rounds) ?? (effort switch { Effort.Full => 5, Effort.Quick => 3, _ => 1 });
            var document = arguments.GetValue(writeDocs) ? new PerformanceDocument(SourceTree.Root) : null;
            var measurements = new List<Measurement>();
            foreach (var scenario in Scenarios.Where(scenario => wanted.Contains(scenario.Name)))
            {
                var before = Machine.Look();
                var seen = await scenario.RunAsync(new BenchRun(effort, count, Console.WriteLine), cancellationToken);
                measurements.AddRange(seen);
                foreach (var part in seen.GroupBy(measurement => measurement.Scenario))
                {
                    new SummaryTable([.. part]).Write(AnsiConsole.Console, part.Key);
                }

                // Write after each scenario, so that a later failure loses nothing.
                if (document is not null)
                {
                    var machine = before.ToMarkdown($"{effort}".ToLowerInvariant(), count, Machine.Look());
                    await document.WriteAsync(scenario.Name, seen, machine, cancellationToken);
                }

                if (arguments.GetValue(json) is { } file)
                {
                    await BenchResults.Of(measurements).WriteAsync(file.FullName, cancellationToken);
                }
            }

            return 0;
        });
        return command;
    }
}

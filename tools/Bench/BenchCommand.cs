using System.CommandLine;
using FanOut.Bench.Consume;
using FanOut.Bench.EndToEnd;
using FanOut.Bench.Growth;
using FanOut.Bench.Ingest;
using FanOut.Bench.Latency;
using FanOut.Bench.Micro;
using FanOut.Bench.Publish;
using FanOut.Bench.Reporting;
using FanOut.Bench.Running;
using FanOut.TestServers;
using Spectre.Console;

namespace FanOut.Bench;

internal static class BenchCommand
{
    private static readonly IScenario[] Scenarios =
        [new ConsumeScenario(), new PublishScenario(), new LatencyScenario(), new IngestScenario(), new EndToEndScenario(), new GrowthScenario(), new MicroScenario()];

    public static RootCommand Create()
    {
        var names = new Argument<string[]>("scenario") { Description = $"Which of: {string.Join(", ", Scenarios.Select(scenario => scenario.Name))}. All of them unless named.", Arity = ArgumentArity.ZeroOrMore };
        names.AcceptOnlyFromAmong([.. Scenarios.Select(scenario => scenario.Name)]);
        var all = new Option<bool>("--all") { Description = "All scenarios; the same as naming none." };
        var quick = new Option<bool>("--quick") { Description = "Every scenario in a few minutes; ratios are rough." };
        var smoke = new Option<bool>("--smoke") { Description = "Only show that everything works; the figures mean nothing.", Hidden = true };
        var rounds = new Option<int?>("--rounds") { Description = "How often each variant is run; 5, with --quick 3." };
        rounds.Validators.Add(result =>
        {
            if (result.GetValue(rounds) is < 1 or > 100)
            {
                result.AddError("--rounds must be 1 to 100.");
            }
        });
        var json = new Option<FileInfo?>("--json") { Description = "Write the results to this file." };
        var writeDocs = new Option<bool>("--write-docs") { Description = "Put tables and charts into docs/performance.md and docs/performance/." };
        var command = new RootCommand("Measures FanOut against what its servers can do, and against other ways to do the same, on a Redis and a Postgres of its own, set durable.")
        {
            names, all, quick, smoke, rounds, json, writeDocs, BareApi.CreateCommand(),
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var effort = arguments.GetValue(smoke) ? Effort.Smoke : arguments.GetValue(quick) ? Effort.Quick : Effort.Full;
            var wanted = arguments.GetValue(names) is { Length: > 0 } named && !arguments.GetValue(all) ? named : [.. Scenarios.Select(scenario => scenario.Name)];
            var count = arguments.GetValue(rounds) ?? (effort switch { Effort.Full => 5, Effort.Quick => 3, _ => 1 });
            var document = arguments.GetValue(writeDocs) ? new PerformanceDocument(SourceTree.Root) : null;
            var measurements = new List<Measurement>();
            foreach (var scenario in Scenarios.Where(scenario => wanted.Contains(scenario.Name)))
            {
                var before = Machine.Look();
                var seen = await RunAsync(scenario, effort, count, cancellationToken);
                measurements.AddRange(seen);
                foreach (var part in seen.GroupBy(measurement => measurement.Scenario))
                {
                    SummaryTable.Write(AnsiConsole.Console, part.Key, [.. part]);
                }

                // After each, so that what was measured is kept should a later one fail.
                if (document is not null)
                {
                    await document.WriteAsync([(scenario, seen, before.ToMarkdown(effort.ToString().ToLowerInvariant(), count, Machine.Look()))], cancellationToken);
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

    private static async Task<IReadOnlyList<Measurement>> RunAsync(IScenario scenario, Effort effort, int rounds, CancellationToken cancellationToken)
    {
        if (!AnsiConsole.Profile.Capabilities.Interactive || Console.IsOutputRedirected)
        {
            return await scenario.RunAsync(new BenchRun(effort, rounds, new BenchProgress(null, Console.WriteLine)), cancellationToken);
        }

        return await AnsiConsole.Progress()
            .HideCompleted(true)
            .Columns(new SpinnerColumn(), new ProgressBarColumn(), new ElapsedTimeColumn(), new TaskDescriptionColumn { Alignment = Justify.Left })
            .StartAsync(context => scenario.RunAsync(new BenchRun(effort, rounds, new BenchProgress(context.AddTask(scenario.Name, maxValue: 0), Console.WriteLine)), cancellationToken));
    }
}

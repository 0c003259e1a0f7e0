using System.CommandLine;
using FanOut.Chaos.Reporting;
using FanOut.Chaos.Scenarios;
using FanOut.Cli;

namespace FanOut.Chaos;

internal static class ChaosCommand
{
    private const int DefaultOrdersPerSecond = 40;

    public static RootCommand Create()
    {
        string[] known = [.. Catalogue.All.Select(scenario => scenario.Name), Catalogue.Random];
        const string About = "Scenarios to run (see --list). Default: all except random.";
        var names = new Argument<string[]>("scenario") { Description = About, Arity = ArgumentArity.ZeroOrMore };
        names.AcceptOnlyFromAmong(known);
        var minutes = new Option<double?>("--minutes") { Description = "Duration of random (default 5). Selects random if no scenario is named." };
        minutes.MustBe("more than 0, at most 1440", time => time is > 0 and <= 1_440);
        var seed = new Option<int?>("--seed") { Description = "Seed of random choices. Default: drawn and printed." };
        var list = new Option<bool>("--list") { Description = "List the scenarios and exit." };
        var rate = new Option<int>("--orders-per-second") { Description = "The load.", DefaultValueFactory = _ => DefaultOrdersPerSecond };
        rate.MustBe("1 to 1000", count => count is >= 1 and <= 1_000);
        var quick = new Option<bool>("--quick") { Description = "Use shorter faults." };
        var keep = new Option<bool>("--keep") { Description = "Keep the logs even if everything passed." };
        var command = new RootCommand("Injects faults into a running system under load, and verifies that no order is lost or duplicated.")
        {
            names, minutes, seed, list, rate, quick, keep,
        };
        command.SetAction(async (arguments, cancellationToken) =>
        {
            var writer = arguments.InvocationConfiguration.Output;
            if (arguments.GetValue(list))
            {
                await ListAsync(writer);
                return 0;
            }

            var named = arguments.GetValue(names) ?? [];
            if (named.Length == 0 && arguments.GetValue(minutes) is not null)
            {
                named = [Catalogue.Random];
            }

            return await RunAsync(
                new ProgressLog(writer, TimeProvider.System),
                named.Length > 0 ? named : [.. Catalogue.All.Select(scenario => scenario.Name)],
                TimeSpan.FromMinutes(arguments.GetValue(minutes) ?? 5),
                arguments.GetValue(seed) ?? Random.Shared.Next(),
                arguments.GetValue(rate),
                arguments.GetValue(quick),
                arguments.GetValue(keep),
                cancellationToken);
        });
        return command;
    }

    private static async Task ListAsync(TextWriter writer)
    {
        var width = Catalogue.All.Max(scenario => scenario.Name.Length) + 2;
        foreach (var scenario in Catalogue.All)
        {
            await writer.WriteLineAsync($"{scenario.Name.PadRight(width)}{scenario.Description}");
        }

        await writer.WriteLineAsync($"{Catalogue.Random.PadRight(width)}draws up to three of these at a time, from --seed, for --minutes");
    }

    private static async Task<int> RunAsync(
        ProgressLog log, IReadOnlyList<string> names, TimeSpan randomTime, int seed, int ordersPerSecond, bool isQuick, bool keep,
        CancellationToken cancellationToken)
    {
        var folder = Path.Combine(
            SourceTree.Root, "artifacts", "chaos", $"{TimeProvider.System.GetLocalNow():yyyyMMdd-HHmmss}-{Environment.ProcessId}");
        log.Write($"seed {seed}; logs in {folder}");
        var results = new List<ScenarioResult>();
        try
        {
            await using var runner = new ScenarioRunner(log, folder, ordersPerSecond, isQuick);
            foreach (var name in names)
            {
                if (name == Catalogue.Random)
                {
                    await RandomAsync(runner, randomTime, seed, results, cancellationToken);
                }
                else
                {
                    results.Add(await runner.RunAsync(Catalogue.Find(name), new Random(seed), cancellationToken));
                }
            }
        }
        catch (Exception e) when (e is TimeoutException or TestServerException or FileNotFoundException)
        {
            log.Write($"The system could not be started: {e.Message} See the logs in {folder}.");
            return 1;
        }
        finally
        {
            ResultTable.Write(log.Writer, results);
        }

        var failed = results.Count(result => !result.Verdict.IsGood);
        await log.Writer.WriteLineAsync(failed == 0
            ? $"All {results.Count} passed: no order lost or duplicated. Seed {seed}."
            : $"{failed} of {results.Count} FAILED. Seed {seed}; the logs are in {folder}.");
        if (failed == 0 && !keep && Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        return failed == 0 && results.Count > 0 ? 0 : 1;
    }

    private static async Task RandomAsync(
        ScenarioRunner runner, TimeSpan time, int seed, List<ScenarioResult> results, CancellationToken cancellationToken)
    {
        var mix = new RandomMix(seed);
        var begun = TimeProvider.System.GetTimestamp();
        do
        {
            results.Add(await runner.RunAsync(mix.Next(), new Random(seed), cancellationToken));
        }
        while (TimeProvider.System.GetElapsedTime(begun) < time);
    }
}

using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using FanOut.Bench.Running;

namespace FanOut.Bench.Micro;

/// <summary>Time and allocations per event of what is hot.</summary>
internal sealed class MicroScenario : IScenario
{
    public string Name => "micro";

    public string Description => "BenchmarkDotNet, in batches of 500 events of about 250 bytes of JSON: time and allocated bytes per event of each step by itself.";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var artifacts = Directory.CreateTempSubdirectory("fanout-bench-");
        try
        {
            run.Progress.Expect(1);
            run.Progress.Say("micro: BenchmarkDotNet runs, which takes a while");
            var job = run.Pick(Job.MediumRun, Job.ShortRun, Job.Dry).WithToolchain(InProcessEmitToolchain.DontLogOutput);
            var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddLogger(NullLogger.Instance).WithArtifactsPath(artifacts.FullName).WithOptions(ConfigOptions.DisableLogFile);
            var summary = await Task.Run(() => BenchmarkRunner.Run<MicroBenchmarks>(config), cancellationToken);
            if (summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success))
            {
                throw new InvalidOperationException(
                    $"BenchmarkDotNet failed: {string.Join("; ", summary.ValidationErrors.Select(error => error.Message).Concat(summary.Reports.Where(report => !report.Success).Select(report => report.BenchmarkCase.DisplayInfo)))}");
            }

            run.Progress.Step("micro: done");
            return
            [
                .. summary.Reports.SelectMany(report =>
                {
                    var name = report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');
                    var times = report.ResultStatistics!;
                    var bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;
                    return new[]
                    {
                        new Measurement("micro", $"{name}: time", Standing.Ours, "ns/event", times.Median, times.Min, times.Max, null, null, []),
                        new Measurement("micro", $"{name}: allocated", Standing.Ours, "B/event", bytes, bytes, bytes, null, null, []),
                    };
                }),
            ];
        }
        finally
        {
            artifacts.Delete(recursive: true);
        }
    }
}

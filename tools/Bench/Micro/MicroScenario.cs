using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

namespace FanOut.Bench.Micro;

/// <summary>Time and allocations per event of the hot paths.</summary>
internal sealed class MicroScenario : IScenario
{
    public string Name => "micro";

    public async Task<IReadOnlyList<Measurement>> RunAsync(BenchRun run, CancellationToken cancellationToken)
    {
        var artifacts = Directory.CreateTempSubdirectory("fanout-bench-");
        try
        {
            run.Say("micro: BenchmarkDotNet runs, which takes a while");
            var job = run.Pick(Job.MediumRun, Job.ShortRun, Job.Dry).WithToolchain(InProcessEmitToolchain.DontLogOutput);
            var config = ManualConfig.CreateEmpty().AddJob(job).AddDiagnoser(MemoryDiagnoser.Default).AddLogger(NullLogger.Instance)
                .WithArtifactsPath(artifacts.FullName).WithOptions(ConfigOptions.DisableLogFile);
            var summary = await Task.Run(() => BenchmarkRunner.Run<MicroBenchmarks>(config), cancellationToken);
            var failed = summary.Reports.Where(report => !report.Success).Select(report => report.BenchmarkCase.DisplayInfo).ToArray();
            if (summary.HasCriticalValidationErrors || failed.Length > 0)
            {
                var errors = summary.ValidationErrors.Select(error => error.Message).Concat(failed);
                throw new InvalidOperationException($"BenchmarkDotNet failed: {string.Join("; ", errors)}");
            }

            run.Say("micro: done");
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

using System.Globalization;
using System.Runtime.InteropServices;

namespace FanOut.Bench.Reporting;

/// <summary>The machine that was measured.</summary>
internal sealed record Machine(string Processor, int Cores, double Gigabytes, string System, string Runtime, string Load, DateTimeOffset Time)
{
    public static Machine Look() => new(
        Line("/proc/cpuinfo", "model name")?.Trim() ?? RuntimeInformation.ProcessArchitecture.ToString(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9,
        RuntimeInformation.OSDescription,
        RuntimeInformation.FrameworkDescription,
        File.Exists("/proc/loadavg") ? string.Join(", ", File.ReadAllText("/proc/loadavg").Split(' ').Take(3)) : "unknown",
        TimeProvider.System.GetUtcNow());

    public string ToMarkdown(string effort, int rounds, Machine after) => string.Create(
        CultureInfo.InvariantCulture,
        $"""
        | | |
        |---|---|
        | processor | {Processor}, {Cores} cores |
        | memory | {Gigabytes:0} GB |
        | system | {System} |
        | runtime | {Runtime} |
        | run | {Time:yyyy-MM-dd HH:mm} UTC, {effort}, {rounds} rounds |
        | load average of the machine (1, 5, 15 min) | {Load} before, {after.Load} after |
        """);

    private static string? Line(string file, string key) =>
        File.Exists(file) ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))?.Split(':', 2)[1] : null;
}

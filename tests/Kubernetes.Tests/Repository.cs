using System.Text.RegularExpressions;

namespace FanOut.Kubernetes.Tests;

internal static partial class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    public static string[] Services { get; } = ["OrderApi", "WebhookWorker", "AnalyticsWorker", "NotificationWorker", "Reclaimer"];

    /// <summary>The sources of all that could end up in an image. The metrics of queues are there once for each queue.</summary>
    public static IEnumerable<string> Sources()
    {
        var sources = Services.Concat(["EventBus", "ServiceDefaults"])
            .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories))
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
            .Select(File.ReadAllText)
            .ToArray();
        var queues = sources.SelectMany(source => Queue().Matches(source)).ToArray();
        return sources.SelectMany(source => source.Contains("class QueueMetrics", StringComparison.Ordinal)
            ? queues.Select(queue => source
                .Replace("{attempts}", queue.Groups["attempts"].Value)
                .Replace("$\"{prefix}", $"\"{queue.Groups["prefix"].Value}")
                .Replace("$\"{{{item}}}", $"\"{{{queue.Groups["item"].Value}}}"))
            : [source]);
    }

    [GeneratedRegex(@": QueueMetrics\(meters, ""[^""]+"", ""(?<prefix>[^""]+)"", ""(?<attempts>[^""]+)"", ""(?<item>[^""]+)""\)")]
    private static partial Regex Queue();

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "FanOut.sln")))
        {
            folder = folder.Parent;
        }

        return folder?.FullName ?? throw new InvalidOperationException($"There is no FanOut.sln above {AppContext.BaseDirectory}.");
    }
}

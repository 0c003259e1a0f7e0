namespace FanOut.Kubernetes.Tests;

internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Read(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path]));

    public static string[] Services { get; } = ["OrderApi", "WebhookWorker", "AnalyticsWorker", "NotificationWorker", "Reclaimer", "StreamConsole"];

    /// <summary>The sources of all that could end up in an image.</summary>
    public static IEnumerable<string> Sources() => Services.Concat(["EventBus", "ServiceDefaults"])
        .SelectMany(project => Directory.EnumerateFiles(Path.Combine(Root, project), "*.cs", SearchOption.AllDirectories))
        .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal))
        .Select(File.ReadAllText);

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

using Xunit;

namespace FanOut.Architecture.Tests;

public sealed class ReferenceTests
{
    private static readonly string[] Service = ["EventBus", "ServiceDefaults", "Contracts"];
    private static readonly string[] Services = ["OrderApi", "WebhookWorker", "AnalyticsWorker", "NotificationWorker", "Reclaimer", "StreamConsole"];

    /// <summary>The allowed references. All others fail the test.</summary>
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["EventBus"] = [],
        ["Contracts"] = [],
        ["ServiceDefaults"] = [],
        ["OrderApi"] = Service,
        ["WebhookWorker"] = Service,
        ["AnalyticsWorker"] = Service,
        ["NotificationWorker"] = Service,
        ["Reclaimer"] = Service,
        ["StreamConsole"] = ["ServiceDefaults", "Contracts"],
        ["Migrator"] = ["EventBus", "Contracts", "ServiceDefaults", "OrderApi", "WebhookWorker", "AnalyticsWorker", "NotificationWorker"],
        ["AppHost"] = ["Migrator", .. Services],
        ["Cli"] = ["EventBus", "ServiceDefaults", "Contracts"],
        ["Bench"] = ["EventBus", "Contracts", "TestServers"],
        ["Bench.Tests"] = ["Bench"],
        ["Chaos"] = ["EventBus", "Contracts", "TestServers"],
        ["Chaos.Tests"] = ["Chaos", "TestServers", .. Services],
        ["TestServers"] = [],
        ["EventBus.Tests"] = ["EventBus", "TestServers"],
        ["Services.Tests"] = ["EventBus", "ServiceDefaults", "Contracts", "TestServers", "Migrator", .. Services],
        ["EndToEnd.Tests"] = ["AppHost", "Contracts", "Cli", "TestServers"],
        ["AppHost.Tests"] = ["AppHost"],
        ["Protocol.Tests"] = [],
        ["Kubernetes.Tests"] = ["EventBus", "ServiceDefaults"],
        ["Architecture.Tests"] = [],
    };

    private static readonly string[] RootFolders =
    [
        "AppHost", "ServiceDefaults", "EventBus", "Contracts", "OrderApi", "WebhookWorker", "AnalyticsWorker",
        "NotificationWorker", "Reclaimer", "StreamConsole", "Migrator", "Cli", "tools", "tests", "deploy", "docs",
    ];

    [Fact]
    public void Every_project_has_a_reference_rule() =>
        Assert.Equal(Allowed.Keys.Order(StringComparer.Ordinal), Repository.Projects.Select(Repository.NameOf).Order(StringComparer.Ordinal));

    [Fact]
    public void The_root_has_only_known_folders() =>
        Assert.Equal(
            RootFolders.Order(StringComparer.Ordinal),
            Repository.Files.Where(file => file.Contains('/', StringComparison.Ordinal)).Select(file => file.Split('/')[0])
                .Distinct().Order(StringComparer.Ordinal));

    [Fact]
    public void Projects_reference_only_allowed_projects()
    {
        Assert.All(Repository.Projects, project =>
        {
            foreach (var reference in Repository.References(project))
            {
                Assert.True(Allowed[Repository.NameOf(project)].Contains(reference), $"{project} may not reference {reference}.");
            }
        });
    }

    [Fact]
    public void Every_project_is_in_the_solution()
    {
        var solution = Repository.Read("FanOut.sln").Replace('\\', '/');

        Assert.All(Repository.Projects, project => Assert.Contains($"\"{project}\"", solution, StringComparison.Ordinal));
    }

    [Fact]
    public void Only_EventBus_is_a_package()
    {
        Assert.Equal(
            ["EventBus/EventBus.csproj"],
            Repository.Projects.Where(project => Repository.Read(project).Contains("<IsPackable>true</IsPackable>", StringComparison.Ordinal)));
    }

    [Fact]
    public void Package_versions_are_only_in_Directory_Packages_props()
    {
        Assert.All(Repository.Projects, project => Assert.DoesNotMatch("<PackageReference[^>]* Version=", Repository.Read(project)));
    }
}

using Xunit;

namespace FanOut.Architecture.Tests;

public sealed class ReferenceTests
{
    private static readonly string[] Service = ["EventBus", "ServiceDefaults", "Contracts"];
    private static readonly string[] Services = ["OrderApi", "WebhookWorker", "AnalyticsWorker", "NotificationWorker", "Reclaimer", "StreamConsole"];

    /// <summary>The arrows of the house. Whatever is not here may not be referenced.</summary>
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
        ["StreamConsole"] = Service,
        ["AppHost"] = Services,
        ["Cli"] = ["EventBus", "Contracts"],
        ["Bench"] = ["EventBus", "Contracts", "TestServers"],
        ["Bench.Tests"] = ["Bench"],
        ["Chaos"] = ["EventBus", "Contracts", "TestServers"],
        ["Chaos.Tests"] = ["Chaos", "TestServers", .. Services],
        ["TestServers"] = [],
        ["EventBus.Tests"] = ["EventBus", "TestServers"],
        ["Services.Tests"] = ["EventBus", "ServiceDefaults", "Contracts", "TestServers", .. Services],
        ["EndToEnd.Tests"] = ["AppHost", "Contracts", "Cli"],
        ["Browser.Tests"] = ["AppHost", "Contracts", "TestServers"],
        ["AppHost.Tests"] = ["AppHost"],
        ["Kubernetes.Tests"] = ["EventBus", "ServiceDefaults"],
        ["Architecture.Tests"] = [],
    };

    [Fact]
    public void Every_project_has_its_place_in_the_house()
    {
        Assert.Contains("EventBus/EventBus.csproj", Repository.Projects);
        Assert.All(Repository.Projects, project => Assert.True(
            Allowed.ContainsKey(Repository.NameOf(project)),
            $"{project} is new: say in {nameof(ReferenceTests)}.{nameof(Allowed)} what it may reference."));
    }

    [Fact]
    public void References_run_only_along_the_arrows()
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
    public void Versions_of_packages_stand_in_one_place()
    {
        Assert.All(Repository.Projects, project => Assert.DoesNotMatch("<PackageReference[^>]* Version=", Repository.Read(project)));
    }
}

using System.Diagnostics;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit;
using YamlDotNet.RepresentationModel;

namespace FanOut.AppHost.Tests;

/// <summary>Compares the manifest that azd deploys from with azure.yaml and the Kubernetes manifests.</summary>
public sealed partial class ManifestTests(PublishedManifest manifest) : IClassFixture<PublishedManifest>
{
    private static readonly string[] Services =
        ["analytics-worker", "notification-worker", "order-api", "reclaimer", "stream-console", "webhook-worker"];

    [Fact]
    public void Redis_and_Postgres_are_containers_and_the_services_are_projects()
    {
        Assert.Equal(["postgres", "redis"], manifest.OfType("container.v0"));
        Assert.Equal(Services.Append("migrator").Order(), manifest.OfType("project.v0").Order());
        Assert.All(Services, name => Assert.True(File.Exists(Path.GetFullPath((string)manifest[name]["path"]!, manifest.Folder))));
    }

    [Fact]
    public void The_servers_keep_their_data_and_Postgres_creates_the_database()
    {
        var redis = (string)manifest["redis"]["args"]![1]!;
        Assert.Contains("--appendonly yes --appendfsync everysec --maxmemory-policy noeviction", redis, StringComparison.Ordinal);
        // A doubled brace is a brace for azd; a single one would begin an expression.
        Assert.Contains("\"~{{orders}}:relay\"", redis, StringComparison.Ordinal);
        Assert.DoesNotContain('{', redis.Replace("{{orders}}", "", StringComparison.Ordinal));
        Assert.Equal("fanout", (string?)manifest["postgres"]["env"]!["POSTGRES_DB"]);
        Assert.All(new[] { "redis", "postgres" }, name => Assert.Single(manifest[name]["volumes"]!.AsArray()));
    }

    [Fact]
    public void Only_the_order_API_and_the_console_are_external_and_webhooks_avoid_private_networks()
    {
        Assert.Equal(["order-api", "stream-console"], Services.Where(name => (bool?)manifest[name]["bindings"]!["http"]!["external"] ?? false));
        Assert.Equal("false", (string?)manifest["webhook-worker"]["env"]!["Webhooks__AllowPrivateNetworks"]);
        Assert.Equal("true", (string?)manifest["webhook-worker"]["env"]!["Webhooks__RequireVerification"]);
    }

    [Fact]
    public void A_published_system_has_no_development_key() =>
        Assert.DoesNotContain("development", manifest.Text, StringComparison.OrdinalIgnoreCase);

    [Fact]
    public void The_Kubernetes_manifests_have_the_same_services_and_connection_strings()
    {
        var folder = Path.Combine(manifest.Root, "deploy", "kubernetes", "base");
        var files = (YamlSequenceNode)Documents(Path.Combine(folder, "kustomization.yaml")).Single()["resources"];
        var resources = files.SelectMany(file => Documents(Path.Combine(folder, file.ToString())));
        var deployments = resources.Where(document => Text(document, "kind") == "Deployment").ToArray();

        Assert.Equal(Services, deployments.Select(deployment => Text(deployment["metadata"], "name")).Order());
        Assert.All(Services, name => Assert.All(
            name == "stream-console" ? ["ConnectionStrings__fanout"] : new[] { "ConnectionStrings__redis", "ConnectionStrings__fanout" },
            variable =>
            {
                Assert.NotNull(manifest[name]["env"]![variable]);
                Assert.Contains(variable, string.Concat(Directory.GetFiles(folder, "*.yaml").Select(File.ReadAllText)), StringComparison.Ordinal);
            }));
    }

    [Fact]
    public void A_service_has_no_password_but_its_own()
    {
        foreach (var name in Services)
        {
            var passwords = manifest[name]["env"]!.AsObject()
                .SelectMany(variable => Password().Matches((string)variable.Value!)).Select(match => match.Value);
            Assert.Equal([$"{{{name}-password.value}}"], passwords.Distinct());
        }
    }

    [Fact]
    public void Azd_deploys_this_AppHost()
    {
        var azure = Documents(Path.Combine(manifest.Root, "azure.yaml")).Single();
        var service = Assert.Single(((YamlMappingNode)azure["services"]).Children).Value;

        Assert.Equal("./AppHost/AppHost.csproj", Text(service, "project"));
        Assert.Equal("containerapp", Text(service, "host"));
    }

    private static IEnumerable<YamlNode> Documents(string file)
    {
        using var reader = new StreamReader(file);
        var stream = new YamlStream();
        stream.Load(reader);
        return [.. stream.Documents.Select(document => document.RootNode)];
    }

    [GeneratedRegex(@"\{[^{}]+(?:password\.value|connectionString)\}")]
    private static partial Regex Password();

    private static string? Text(YamlNode node, string key) =>
        node is YamlMappingNode map && map.Children.TryGetValue(key, out var value) ? value.ToString() : null;
}

/// <summary>Publishes the manifest once.</summary>
public sealed class PublishedManifest : IAsyncLifetime
{
    private readonly string _file = Path.Combine(Directory.CreateTempSubdirectory("fanout-manifest-").FullName, "manifest.json");
    private JsonObject _resources = [];

    public string Folder => Path.GetDirectoryName(_file)!;

    public string Root { get; } = Path.GetFullPath("..", typeof(Projects.AppHost).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == "apphostprojectpath").Value!);

    public string Text { get; private set; } = "";

    public JsonObject this[string resource] => _resources[resource]!.AsObject();

    public string[] OfType(string type) =>
        [.. _resources.Where(resource => (string?)resource.Value!["type"] == type).Select(resource => resource.Key).Order(StringComparer.Ordinal)];

    public async ValueTask InitializeAsync()
    {
        string[] publish = [typeof(Projects.AppHost).Assembly.Location, "--publisher", "manifest", "--output-path", _file];
        using var process = Process.Start(new ProcessStartInfo("dotnet", publish) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(File.Exists(_file), output);
        Text = await File.ReadAllTextAsync(_file);
        _resources = JsonNode.Parse(Text)!["resources"]!.AsObject();
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}

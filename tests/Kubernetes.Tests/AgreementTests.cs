using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Xunit;

namespace FanOut.Kubernetes.Tests;

/// <summary>The manifests agree with the programs that they run.</summary>
public sealed partial class AgreementTests(Overlays overlays) : IClassFixture<Overlays>
{
    [Fact]
    public void The_grace_period_is_longer_than_the_shutdown_timeout()
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddServiceDefaults();
        using var services = builder.Services.BuildServiceProvider();

        Assert.Equal(TimeSpan.FromSeconds(Rules.ShutdownSeconds), services.GetRequiredService<IOptions<HostOptions>>().Value.ShutdownTimeout);
    }

    [Fact]
    public async Task Each_service_runs_the_image_and_user_of_its_project()
    {
        var services = Repository.Services.Append("Migrator").Select(service => Path.Combine(Repository.Root, service, $"{service}.csproj"));
        var images = new List<string>();
        foreach (var project in services)
        {
            var made = await EvaluateAsync(project);
            Assert.Equal("mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled", made["ContainerBaseImage"]);
            Assert.Equal("1654", made["ContainerUser"]);
            images.Add($"{made["ContainerRepository"]}:{made["ContainerImageTag"]}");
        }

        var deployments = overlays.Read("dev").Workloads.Where(app => app.Kind != "StatefulSet").Select(app => app.Pod).ToArray();
        Assert.Equal(images.Order(), deployments.Select(pod => pod.Containers.Single().Image).Order());
        Assert.All(deployments, pod => Assert.Equal(1654, pod.SecurityContext.RunAsUser));
    }

    [Theory]
    [InlineData("production")]
    [InlineData("production-redis-scaler")]
    public void The_services_answer_to_the_names_of_the_ingress(string overlay)
    {
        var resources = overlays.Read(overlay);
        var settings = resources.All<V1ConfigMap>().Single(map => map.Name().StartsWith("fanout-settings", StringComparison.Ordinal));

        Assert.All(
            resources.All<V1Ingress>().SelectMany(ingress => ingress.Spec.Rules).Select(rule => rule.Host),
            host => Assert.Contains(host, settings.Data["AllowedHosts"].Split(';')));
    }

    [Fact]
    public void Probes_use_the_health_endpoints()
    {
        var endpoints = Repository.Read("ServiceDefaults", "DefaultEndpoints.cs");

        Assert.All(overlays.Read("production").All<V1Deployment>().Select(one => one.Spec.Template.Spec.Containers.Single()), container =>
        {
            Assert.Equal("/alive", container.StartupProbe.HttpGet.Path);
            Assert.Equal("/health", container.ReadinessProbe.HttpGet.Path);
            Assert.Equal("/alive", container.LivenessProbe.HttpGet.Path);
        });
        Assert.All(new[] { "/health", "/alive", "/metrics" }, path => Assert.Contains($"\"{path}\"", endpoints, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("production")]
    [InlineData("production-redis-scaler")]
    public void Each_worker_scales_on_the_lag_of_its_own_group(string name)
    {
        Assert.All(overlays.Read(name).All<ScaledObject>().Select(scaled => scaled.Spec), spec =>
        {
            var project = string.Concat(spec.ScaleTargetRef.Name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
            var sources = string.Concat(Directory.GetFiles(Path.Combine(Repository.Root, project), "*.cs").Select(File.ReadAllText));
            var group = GroupName().Match(sources).Groups[1].Value;
            Assert.NotEmpty(group);
            var settings = spec.Triggers.Single().Metadata.Values;
            Assert.Contains(settings, value => value == group || value.Contains($"_name=\"{group}\"", StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task The_development_secrets_have_every_key_in_use()
    {
        var secrets = await CreateSecretsAsync();
        var dev = overlays.Read("dev");
        var keys = dev.Workloads.SelectMany(workload => workload.Containers).SelectMany(container => container.Env ?? [])
            .Select(variable => variable.ValueFrom?.SecretKeyRef).OfType<V1SecretKeySelector>()
            .Select(key => (key.Name, key.Key)).Distinct().ToArray();
        var users = Repository.Read("deploy", "redis", "users.acl").TrimEnd().Split('\n');

        Assert.Equal(20, keys.Length);
        Assert.All(keys, key => Assert.NotEmpty(secrets[key.Name][key.Key]));
        Assert.Equal(
            dev.All<V1Namespace>().Single().Metadata.Annotations["fanout/secrets-made-beforehand"].Split(',').Order(), secrets.Keys.Order());
        Assert.Equal(
            users.Prepend("user default on >PASSWORD ~* &* +@all"),
            secrets["redis-users"]["users.acl"].TrimEnd().Split('\n').Select(user => HexPassword().Replace(user, "PASSWORD")));
        Assert.All(secrets.Keys.Where(name => name.EndsWith("-connections", StringComparison.Ordinal) && name != "migrator-connections"), name =>
        {
            var password = secrets["migrator-connections"][name[..^"-connections".Length]];
            Assert.Contains(password, secrets[name]["fanout"], StringComparison.Ordinal);
            Assert.Equal(name != "stream-console-connections", secrets[name].ContainsKey("redis"));
            if (secrets[name].TryGetValue("redis", out var redis))
            {
                Assert.Contains(password, redis, StringComparison.Ordinal);
                Assert.Contains(password, secrets["redis-users"]["users.acl"], StringComparison.Ordinal);
            }
        });
    }

    [Fact]
    public void Redis_is_durable_and_never_evicts()
    {
        var maps = overlays.Read("dev").All<V1ConfigMap>();
        var settings = maps.Single(map => map.Metadata.Name.StartsWith("redis-settings", StringComparison.Ordinal)).Data["redis.conf"].Split('\n');

        Assert.Contains("appendonly yes", settings);
        Assert.Contains("maxmemory-policy noeviction", settings);
    }

    [Fact]
    public void The_dashboard_can_be_loaded()
    {
        var dashboard = JsonNode.Parse(Repository.Read("deploy", "kubernetes", "components", "monitoring", "fanout.json"))!;
        var panels = dashboard["panels"]!.AsArray();

        Assert.Equal("fanout", (string?)dashboard["uid"]);
        Assert.Equal(panels.Count, panels.Select(panel => (int)panel!["id"]!).Distinct().Count());
        Assert.All(panels.Where(panel => (string?)panel!["type"] != "row"), panel =>
        {
            Assert.False(string.IsNullOrEmpty((string?)panel!["title"]));
            Assert.False(string.IsNullOrEmpty((string?)panel["description"]));
            Assert.NotEmpty(panel["targets"]!.AsArray());
        });
    }

    [Fact]
    public void The_Azure_deployment_names_the_AppHost()
    {
        Assert.Matches(@"(?m)^    project: \./AppHost/AppHost\.csproj$", Repository.Read("azure.yaml"));
        Assert.True(File.Exists(Path.Combine(Repository.Root, "AppHost", "AppHost.csproj")));
    }

    /// <summary>Runs the script against a cluster that is empty: a kubectl that finds nothing, and prints what it should create.</summary>
    private static async Task<Dictionary<string, Dictionary<string, string>>> CreateSecretsAsync()
    {
        const string Empty = """
            kubectl() { case "$*" in *--filename*) cat ;; *get*) return 1 ;; esac; }
            export -f kubectl
            exec bash "$0"
            """;
        using var process = new Process();
        var script = Path.Combine(Repository.Root, "deploy", "kubernetes", "overlays", "dev", "create-secret.sh");
        process.StartInfo = new("bash", ["-c", Empty, script]) { RedirectStandardOutput = true };
        process.Start();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return Overlays.Parse(output).ToDictionary(
            secret => (string)secret["metadata"]!["name"]!,
            secret => secret["stringData"]!.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.ToString()));
    }

    private static async Task<Dictionary<string, string>> EvaluateAsync(string project)
    {
        string[] names = ["ContainerBaseImage", "ContainerUser", "ContainerRepository", "ContainerImageTag"];
        using var process = new Process();
        process.StartInfo = new("dotnet", ["msbuild", project, .. names.Select(name => $"-getProperty:{name}")]) { RedirectStandardOutput = true };
        process.Start();
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output);
        return JsonNode.Parse(output)!["Properties"]!.AsObject().ToDictionary(pair => pair.Key, pair => pair.Value!.ToString());
    }

    [GeneratedRegex("(?<=>)[0-9a-f]{48}")]
    private static partial Regex HexPassword();

    [GeneratedRegex("(?:AddConsumerGroup\\(|string Group = )\"([a-z-]+)\"")]
    private static partial Regex GroupName();
}

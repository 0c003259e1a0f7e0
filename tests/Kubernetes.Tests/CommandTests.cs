using System.Diagnostics;
using Xunit;

namespace FanOut.Kubernetes.Tests;

/// <summary>The command as it is called, with kustomize's own work in between.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Every_overlay_of_the_repository_is_rendered_and_found_right()
    {
        var (exitCode, output) = await RunAsync("k8s", "validate");

        Assert.Equal(0, exitCode);
        Assert.Matches("overlays/dev: [0-9]+ objects, nothing wrong", output);
        Assert.Matches("overlays/production: [0-9]+ objects, nothing wrong", output);
        Assert.Matches("overlays/production-redis-scaler: [0-9]+ objects, nothing wrong", output);
    }

    [Fact]
    public async Task A_misspelt_field_is_told_with_its_file_its_object_and_its_place()
    {
        var (exitCode, output) = await ValidateAsync("""
            resources: [OVERLAYS/dev]
            patches:
              - target: { kind: Deployment, name: order-api }
                patch: |
                  - op: add
                    path: /spec/template/spec/containers/0/livenesProbe
                    value: {}
            """);

        Assert.Equal(1, exitCode);
        Assert.Contains("deploy/kubernetes/base/order-api.yaml: Deployment/order-api: spec.template.spec.containers[0].livenesProbe: unknown field; did you mean 'livenessProbe'? [schema]", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_overlay_that_kustomize_refuses_is_told_with_its_reason()
    {
        var (exitCode, output) = await ValidateAsync("""
            resources: [OVERLAYS/dev]
            patches:
              - target: { kind: Deployment, name: order-api }
                patch: |
                  - op: replace
                    path: /spec/no/such/place
                    value: {}
            """);

        Assert.Equal(1, exitCode);
        Assert.Contains("cannot be rendered", output, StringComparison.Ordinal);
        Assert.Contains("/spec/no/such/place", output, StringComparison.Ordinal);
    }

    private static async Task<(int ExitCode, string Output)> ValidateAsync(string kustomization)
    {
        var folder = Directory.CreateTempSubdirectory("fanout-broken-").FullName;
        try
        {
            var overlays = Path.GetRelativePath(folder, Path.Combine(Repository.Root, "deploy", "kubernetes", "overlays"));
            await File.WriteAllTextAsync(Path.Combine(folder, "kustomization.yaml"), kustomization.Replace("OVERLAYS", overlays, StringComparison.Ordinal));
            return await RunAsync("k8s", "validate", folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        using var process = new Process
        {
            StartInfo = new ProcessStartInfo(Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet", [Path.Combine(AppContext.BaseDirectory, "fanout.dll"), .. arguments])
            {
                UseShellExecute = false,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["FANOUT_ROOT"] = Repository.Root, ["COLUMNS"] = "500" },
            },
        };
        process.Start();
        var output = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        var error = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, await output + await error);
    }
}

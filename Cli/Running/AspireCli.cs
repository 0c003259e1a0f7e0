using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace FanOut.Cli.Running;

/// <summary>Asks the Aspire CLI (.config/dotnet-tools.json) about the AppHost of this clone.</summary>
internal sealed class AspireCli(Workspace workspace)
{
    /// <returns>The running AppHost of this clone, or null.</returns>
    public async Task<AppHost?> FindAppHostAsync(CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize(await RunAsync(["ps", "--format", "Json"], cancellationToken), AspireJson.Default.AppHostArray)?
            .FirstOrDefault(host => string.Equals(host.AppHostPath, workspace.AppHost, StringComparison.OrdinalIgnoreCase));

    public async Task<IReadOnlyList<AspireResource>> DescribeAsync(CancellationToken cancellationToken)
    {
        var json = await RunAsync(["describe", "--format", "Json", "--apphost", workspace.AppHost], cancellationToken);
        return JsonSerializer.Deserialize(json, AspireJson.Default.AspireDescription)!.Resources;
    }

    public Task StopAsync(CancellationToken cancellationToken) => RunAsync(["stop", "--apphost", workspace.AppHost], cancellationToken);

    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(DotnetHost.Path, ["aspire", .. arguments, "--nologo", "--non-interactive"])
        {
            WorkingDirectory = workspace.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"aspire {arguments[0]} ended with code {process.ExitCode}: {await errors}{output}");
    }
}

internal sealed record AppHost(string AppHostPath, int AppHostPid, string? DashboardUrl);

internal sealed record AspireDescription(IReadOnlyList<AspireResource> Resources);

internal sealed record AspireResource(
    string DisplayName,
    string ResourceType,
    string? State,
    string? HealthStatus,
    int? ExitCode,
    IReadOnlyList<AspireUrl> Urls,
    IReadOnlyDictionary<string, JsonElement>? Properties,
    IReadOnlyDictionary<string, string?>? Environment)
{
    public int? Pid => Properties?.GetValueOrDefault("executable.pid") is { ValueKind: JsonValueKind.Number } pid ? pid.GetInt32() : null;
}

internal sealed record AspireUrl(string? Name, string Url);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AppHost[]))]
[JsonSerializable(typeof(AspireDescription))]
internal sealed partial class AspireJson : JsonSerializerContext;

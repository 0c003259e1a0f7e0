using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace FanOut.AppHost.Servers;

internal static class ContainerEngine
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(5);

    /// <summary>The value of <c>Containers</c>, or else whether the engine that Aspire would use answers.</summary>
    public static bool IsAvailable(IConfiguration configuration)
    {
        if (configuration["Containers"] is { Length: > 0 } setting)
        {
            return bool.TryParse(setting, out var containers)
                ? containers
                : throw new DistributedApplicationException($"Containers is '{setting}'. Set it to true or false, or leave it out.");
        }

        var engine = configuration["ASPIRE_CONTAINER_RUNTIME"] ?? configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"];
        return engine is { Length: > 0 } ? Answers(engine) : Answers("docker") || Answers("podman");
    }

    private static bool Answers(string engine)
    {
        try
        {
            string[] list = ["ps", "--quiet", "--last", "1"];
            using var process = Process.Start(new ProcessStartInfo(engine, list) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            if (process.WaitForExit(Timeout))
            {
                return process.ExitCode == 0;
            }

            process.Kill();
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

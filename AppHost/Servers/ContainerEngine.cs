using System.Diagnostics;
using Microsoft.Extensions.Configuration;

namespace FanOut.AppHost.Servers;

internal static class ContainerEngine
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan RemovalTimeout = TimeSpan.FromMinutes(1);

    /// <returns>The engine to use: none if <c>Containers</c> is false, or if it is not set and no engine answers.</returns>
    public static string? Find(IConfiguration configuration)
    {
        var setting = configuration["Containers"];
        var containers = true;
        if (setting is { Length: > 0 } && !bool.TryParse(setting, out containers))
        {
            throw new DistributedApplicationException($"Containers is '{setting}'. Set it to true or false, or leave it out.");
        }

        var named = configuration["ASPIRE_CONTAINER_RUNTIME"] ?? configuration["DOTNET_ASPIRE_CONTAINER_RUNTIME"];
        string[] engines = named is { Length: > 0 } ? [named] : ["docker", "podman"];
        if (!containers)
        {
            return null;
        }

        var answering = Array.Find(engines, engine => Run(engine, AnswerTimeout, "ps", "--quiet", "--last", "1"));
        return answering ?? (setting is { Length: > 0 } ? engines[0] : null);
    }

    public static void RemoveVolume(string engine, string name)
    {
        if (!Run(engine, RemovalTimeout, "volume", "rm", "--force", name))
        {
            throw new DistributedApplicationException($"The volume {name} could not be removed. See why: {engine} volume rm {name}");
        }
    }

    /// <returns>Whether the command succeeded.</returns>
    private static bool Run(string engine, TimeSpan timeout, params string[] arguments)
    {
        try
        {
            var start = new ProcessStartInfo(engine, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
            using var process = Process.Start(start)!;
            if (process.WaitForExit(timeout))
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

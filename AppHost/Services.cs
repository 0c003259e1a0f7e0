using System.Reflection;
using System.Runtime.InteropServices;

namespace FanOut.AppHost;

internal static class Services
{
    /// <summary>
    /// Starts the built program. Aspire would start <c>dotnet run</c>, which costs a process for each service and hides the service's own process id.
    /// </summary>
    public static IResourceBuilder<ProjectResource> RunAsBuiltProgram(this IResourceBuilder<ProjectResource> service)
    {
        if (service.ApplicationBuilder.ExecutionContext.IsPublishMode)
        {
            return service;
        }

        var project = service.Resource.GetProjectMetadata().ProjectPath;
        var folder = Path.GetDirectoryName(project)!;
        var configuration = typeof(Services).Assembly.GetCustomAttribute<AssemblyConfigurationAttribute>()!.Configuration;
        var program = $"FanOut.{Path.GetFileNameWithoutExtension(project)}{(OperatingSystem.IsWindows() ? ".exe" : "")}";
        return service
            .WithAnnotation(new ExecutableAnnotation { Command = Path.Combine(folder, "bin", configuration, "net10.0", program), WorkingDirectory = folder })
            .WithEnvironment("DOTNET_ROOT", Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", "..")));
    }

    /// <summary>Sets where order confirmations are written until a mail server is configured (<c>Smtp__Host</c>). An image is read-only except for its temporary folder.</summary>
    public static IResourceBuilder<ProjectResource> WithMailFolder(this IResourceBuilder<ProjectResource> worker) =>
        worker.ApplicationBuilder.ExecutionContext.IsPublishMode ? worker.WithEnvironment("Smtp__PickupFolder", "/tmp/mail") : worker;
}

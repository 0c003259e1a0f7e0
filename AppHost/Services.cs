using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Hosting;

namespace FanOut.AppHost;

internal static class Services
{
    /// <summary>
    /// Starts the built program. Aspire would start <c>dotnet run</c>: one more process per service, and its process id instead of the service's.
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
        var name = $"FanOut.{Path.GetFileNameWithoutExtension(project)}{(OperatingSystem.IsWindows() ? ".exe" : "")}";
        var program = Path.Combine(folder, "bin", configuration, "net10.0", name);
        return service
            .WithAnnotation(new ExecutableAnnotation { Command = program, WorkingDirectory = folder })
            .WithEnvironment("DOTNET_ENVIRONMENT", Environments.Development)
            .WithEnvironment("DOTNET_ROOT", Path.GetFullPath("../../..", RuntimeEnvironment.GetRuntimeDirectory()));
    }

    /// <summary>
    /// Sets where order confirmations are written until a mail server is configured (<c>Smtp__Host</c>). An image is read-only except for
    /// its temporary folder.
    /// </summary>
    public static IResourceBuilder<ProjectResource> WithMailFolder(this IResourceBuilder<ProjectResource> worker) =>
        worker.ApplicationBuilder.ExecutionContext.IsPublishMode ? worker.WithEnvironment("Smtp__PickupFolder", "/tmp/mail") : worker;
}

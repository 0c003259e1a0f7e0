using System.Reflection;

namespace FanOut.AppHost;

internal static class Engine
{
    private static bool IsAspire => typeof(Engine).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Any(metadata => metadata is { Key: "UsesAspire", Value: "true" });

    public static void Announce() => Console.Error.WriteLine(IsAspire
        ? "Engine: .NET Aspire, Redis and PostgreSQL in containers. For local processes without containers: dotnet run --project AppHost -p:UseAspire=false"
        : "Engine: EmbeddedHosting, everything as a local process. For .NET Aspire with containers and dashboard: dotnet run --project AppHost -p:UseAspire=true");
}

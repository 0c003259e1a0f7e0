namespace FanOut.AppHost;

internal static class GeneratedSecret
{
    /// <summary>A password that is made once and kept beside the data it protects. No special characters: it stands in connection strings and on a command line.</summary>
    public static IResourceBuilder<ParameterResource> AddGeneratedSecret(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddParameter(name, new GenerateParameterDefault { MinLength = 24, Special = false }, secret: true, persist: true);
}

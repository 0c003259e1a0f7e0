using System.Security.Cryptography;
using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.State;

namespace Aspire.Hosting;

public static class ParameterResourceBuilderExtensions
{
    private const string Alphabet = "ABCDEFGHJKMNPQRSTUVWXYZabcdefghjkmnpqrstuvwxyz0123456789";

    public static IResourceBuilder<ParameterResource> AddParameter(this IDistributedApplicationBuilder builder, string name, bool secret = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddResource(new ParameterResource(
            name,
            () => builder.Configuration[$"Parameters:{name}"]
                ?? throw new DistributedApplicationException($"Parameter '{name}' has no value: set the configuration key 'Parameters:{name}' (environment variable Parameters__{name})."),
            secret));
    }

    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, string value, bool publishValueAsDefault = false, bool secret = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.AddResource(new ParameterResource(name, () => builder.Configuration[$"Parameters:{name}"] ?? value, secret));
    }

    /// <summary>A random password, made once and kept with the data it protects.</summary>
    internal static ParameterResource CreateDefaultPasswordParameter(IDistributedApplicationBuilder builder, string name) =>
        new(
            name,
            () => builder.Configuration[$"Parameters:{name}"]
                ?? SecretFile.In(DataFolder.Resolve(builder.Configuration["EmbeddedHosting:DataPath"], builder.AppHostDirectory))
                    .GetOrAdd(name, () => RandomNumberGenerator.GetString(Alphabet, 24)),
            secret: true);
}

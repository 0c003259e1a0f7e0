using Aspire.Hosting.ApplicationModel;
using FanOut.EmbeddedHosting.State;

namespace Aspire.Hosting;

public static class ParameterResourceBuilderExtensions
{
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

    /// <summary>A parameter with a value of its own where none is configured: if <paramref name="persist"/>, made once and kept in the data folder, otherwise made anew at each start.</summary>
    public static IResourceBuilder<ParameterResource> AddParameter(
        this IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret = false, bool persist = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(value);
        return builder.AddResource(CreateParameter(builder, name, value, secret, persist));
    }

    /// <summary>A random password, made once and kept with the data it protects.</summary>
    internal static ParameterResource CreateDefaultPasswordParameter(IDistributedApplicationBuilder builder, string name) =>
        CreateParameter(builder, name, new GenerateParameterDefault { Special = false }, secret: true, persist: true);

    private static ParameterResource CreateParameter(IDistributedApplicationBuilder builder, string name, ParameterDefault value, bool secret, bool persist) =>
        new(
            name,
            () => builder.Configuration[$"Parameters:{name}"]
                ?? (persist ? SecretFile.In(DataFolder.Resolve(builder.Configuration["EmbeddedHosting:DataPath"], builder.AppHostDirectory)).GetOrAdd(name, value.GetDefaultValue) : value.GetDefaultValue()),
            secret);
}

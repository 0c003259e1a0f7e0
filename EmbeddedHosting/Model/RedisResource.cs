using System.Globalization;

namespace Aspire.Hosting.ApplicationModel;

public class RedisResource(string name, ParameterResource password) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";

    public ParameterResource? PasswordParameter { get; } = password;

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<string?>($"{PrimaryEndpoint.Host}:{PrimaryEndpoint.Port},password={PasswordParameter!.Value}");

    IEnumerable<KeyValuePair<string, IValueProvider>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", new DeferredValue(() => PrimaryEndpoint.Host)),
        new("Port", new DeferredValue(() => PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture))),
        new("Password", PasswordParameter!),
        new("Uri", new DeferredValue(() => $"redis://:{Uri.EscapeDataString(PasswordParameter!.Value)}@{PrimaryEndpoint.Host}:{PrimaryEndpoint.Port}")),
    ];
}

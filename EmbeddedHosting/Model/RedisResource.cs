using System.Globalization;

namespace Aspire.Hosting.ApplicationModel;

public class RedisResource(string name, ParameterResource password) : ContainerResource(name), IResourceWithConnectionString
{
    internal const string PrimaryEndpointName = "tcp";

    public ParameterResource? PasswordParameter { get; } = password;

    public EndpointReference PrimaryEndpoint => new(this, PrimaryEndpointName);

    public ValueTask<string?> GetConnectionStringAsync(CancellationToken cancellationToken = default) =>
        ValueTask.FromResult<string?>($"{PrimaryEndpoint.Host}:{PrimaryEndpoint.Port},password={PasswordParameter!.Value}");

    IEnumerable<KeyValuePair<string, string>> IResourceWithConnectionString.GetConnectionProperties() =>
    [
        new("Host", PrimaryEndpoint.Host),
        new("Port", PrimaryEndpoint.Port.ToString(CultureInfo.InvariantCulture)),
        new("Password", PasswordParameter!.Value),
        new("Uri", $"redis://:{Uri.EscapeDataString(PasswordParameter.Value)}@{PrimaryEndpoint.Host}:{PrimaryEndpoint.Port}"),
    ];
}

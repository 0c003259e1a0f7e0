using FanOut.ServiceDefaults.Access;

namespace FanOut.WebhookWorker.Endpoints;

/// <summary>Encrypts the secrets of endpoints. The text of one endpoint's secret is of no use in the row of another.</summary>
internal sealed class EndpointSecrets(SecretProtector protector)
{
    // Part of every key's purpose: never change it.
    private const string Purpose = "webhook secret";

    public byte[] Encrypt(Guid endpoint, byte[] secret) => protector.Protect(Purpose, endpoint, secret);

    /// <returns>The secrets to sign with; none if the current one cannot be decrypted. A previous one that cannot is left out.</returns>
    public IReadOnlyList<byte[]> Decrypt(Guid endpoint, byte[] secret, byte[]? previous) =>
        !protector.TryUnprotect(Purpose, endpoint, secret, out var current) ? []
        : previous is not null && protector.TryUnprotect(Purpose, endpoint, previous, out var before) ? [current, before]
        : [current];
}

using Microsoft.AspNetCore.DataProtection.KeyManagement;

namespace FanOut.ServiceDefaults.Access;

/// <summary>
/// Reads the key ring again when asked. Data Protection itself reads it once a day, too late for a key that another replica has made, or that an
/// operator has restored, since.
/// </summary>
internal sealed class SharedKeyManager(XmlKeyManager keys, TimeProvider time) : IKeyManager, IDisposable
{
    private static readonly TimeSpan MinInterval = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private CancellationTokenSource _current = new();
    private long? _refreshedAt;

    /// <returns>False if this happened a moment ago already.</returns>
    public bool Refresh()
    {
        CancellationTokenSource previous;
        lock (_lock)
        {
            if (_refreshedAt is { } last && time.GetElapsedTime(last) < MinInterval)
            {
                return false;
            }

            _refreshedAt = time.GetTimestamp();
            (previous, _current) = (_current, new());
        }

        previous.Cancel();
        return true;
    }

    public CancellationToken GetCacheExpirationToken()
    {
        lock (_lock)
        {
            return CancellationTokenSource.CreateLinkedTokenSource(keys.GetCacheExpirationToken(), _current.Token).Token;
        }
    }

    public IReadOnlyCollection<IKey> GetAllKeys() => keys.GetAllKeys();

    public IKey CreateNewKey(DateTimeOffset activationDate, DateTimeOffset expirationDate) => keys.CreateNewKey(activationDate, expirationDate);

    public void RevokeKey(Guid keyId, string? reason = null) => keys.RevokeKey(keyId, reason);

    public void RevokeAllKeys(DateTimeOffset revocationDate, string? reason = null) => keys.RevokeAllKeys(revocationDate, reason);

    public void Dispose() => _current.Dispose();
}

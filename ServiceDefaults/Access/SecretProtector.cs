using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Npgsql;

namespace FanOut.ServiceDefaults.Access;

/// <summary>Encrypts secrets that are kept in the database.</summary>
public sealed class SecretProtector
{
    private readonly IDataProtectionProvider _provider;
    private readonly SharedKeyManager _keys;

    internal SecretProtector(IDataProtectionProvider provider, SharedKeyManager keys) => (_provider, _keys) = (provider, keys);

    /// <summary>Encrypts a secret for one purpose and one owner: for another, what comes out cannot be decrypted.</summary>
    public byte[] Protect(string purpose, Guid of, byte[] secret)
    {
        try
        {
            return Protector(purpose, of).Protect(secret);
        }
        catch (CryptographicException e) when (e.GetBaseException() is NpgsqlException away)
        {
            ExceptionDispatchInfo.Throw(away);
            throw;
        }
    }

    /// <returns>False if the key ring does not have the key, or the text is not of this purpose and owner.</returns>
    public bool TryUnprotect(string purpose, Guid of, byte[] encrypted, [NotNullWhen(true)] out byte[]? secret)
    {
        secret = Unprotect(purpose, of, encrypted) ?? (_keys.Refresh() ? Unprotect(purpose, of, encrypted) : null);
        return secret is not null;
    }

    private byte[]? Unprotect(string purpose, Guid of, byte[] encrypted)
    {
        try
        {
            return Protector(purpose, of).Unprotect(encrypted);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private IDataProtector Protector(string purpose, Guid of) => _provider.CreateProtector(purpose, of.ToString());
}

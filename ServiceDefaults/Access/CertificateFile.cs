using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Configuration;

namespace FanOut.ServiceDefaults.Access;

/// <summary>A certificate with its private key, written like those of Kestrel: <c>Path</c>, <c>KeyPath</c> and <c>Password</c>.</summary>
internal static class CertificateFile
{
    /// <exception cref="InvalidOperationException">It cannot be used; the message names the setting.</exception>
    public static X509Certificate2 Load(IConfigurationSection section)
    {
        var (path, keyPath, password) = (section["Path"], section["KeyPath"], section["Password"]);
        if (string.IsNullOrWhiteSpace(path))
        {
            throw new InvalidOperationException($"{section.Path}:Path is missing: name the file of a certificate, or remove {section.Path}.");
        }

        X509Certificate2 certificate;
        try
        {
            certificate = X509Certificate2.GetCertContentType(path) == X509ContentType.Pkcs12
                ? X509CertificateLoader.LoadPkcs12FromFile(path, password)
                : password is null ? X509Certificate2.CreateFromPemFile(path, keyPath)
                : X509Certificate2.CreateFromEncryptedPemFile(path, password, keyPath);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new InvalidOperationException(
                $"{section.Path}:Path '{path}' cannot be read as a certificate with its private key (PKCS #12, or PEM with {section.Path}:KeyPath; "
                + $"{section.Path}:Password opens the key): {e.Message}",
                e);
        }

        using var key = certificate.GetRSAPrivateKey();
        return key is null
            ? throw new InvalidOperationException($"{section.Path}:Path '{path}' has no RSA private key. Only an RSA certificate can encrypt keys.")
            : certificate;
    }
}

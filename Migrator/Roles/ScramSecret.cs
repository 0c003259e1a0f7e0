using System.Security.Cryptography;
using System.Text;

namespace FanOut.Migrator.Roles;

/// <summary>
/// A password as Postgres stores it, so that neither the statement that sets it nor the server's log has the password itself:
/// <see href="https://www.postgresql.org/docs/current/catalog-pg-authid.html"/>.
/// </summary>
internal static class ScramSecret
{
    private const int Iterations = 4096;

    public static string Create(string password)
    {
        var salt = RandomNumberGenerator.GetBytes(16);
        // Npgsql normalizes in the same way when it authenticates.
        var salted = Rfc2898DeriveBytes.Pbkdf2(
            password.Normalize(NormalizationForm.FormKC), salt, Iterations, HashAlgorithmName.SHA256, SHA256.HashSizeInBytes);
        var storedKey = SHA256.HashData(HMACSHA256.HashData(salted, "Client Key"u8));
        var serverKey = HMACSHA256.HashData(salted, "Server Key"u8);
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(storedKey)}:{Convert.ToBase64String(serverKey)}";
    }
}

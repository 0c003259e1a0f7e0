using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace FanOut.TestServers;

/// <summary>Asks a server of the Redis protocol whether it serves commands.</summary>
internal static class RedisPing
{
    public static async Task<bool> AnswersAsync(int port, string? password, ServerCertificate? certificate, CancellationToken cancellationToken)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, port, cancellationToken);
        await using var stream = certificate is null ? (Stream)client.GetStream() : new SslStream(client.GetStream());
        if (stream is SslStream tls)
        {
            var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            trust.CustomTrustStore.ImportFromPemFile(certificate!.AuthorityFile);
            await tls.AuthenticateAsClientAsync(new() { TargetHost = "localhost", CertificateChainPolicy = trust }, cancellationToken);
        }

        var bytes = password is null ? 0 : Encoding.UTF8.GetByteCount(password);
        var hello = password is null ? "PING\r\n" : $"*2\r\n$4\r\nAUTH\r\n${bytes}\r\n{password}\r\nPING\r\n";
        await stream.WriteAsync(Encoding.UTF8.GetBytes(hello), cancellationToken);
        using var reader = new StreamReader(stream);
        for (var line = await reader.ReadLineAsync(cancellationToken); line is not null; line = await reader.ReadLineAsync(cancellationToken))
        {
            if (line == "+PONG")
            {
                return true;
            }

            if (line.StartsWith('-'))
            {
                return false;
            }
        }

        return false;
    }
}

using System.Net;
using System.Net.Sockets;

namespace FanOut.TestServers;

internal static class LoopbackPort
{
    /// <summary>A free port below the ephemeral range, so that no outgoing connection takes it while a server is being restarted.</summary>
    public static int Next()
    {
        for (var attempt = 0; attempt < 200; attempt++)
        {
            var port = Random.Shared.Next(15_000, 32_000);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ExclusiveAddressUse = true };
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // In use: draw again.
            }
        }

        throw new TestServerException("No free loopback port between 15000 and 32000.");
    }
}

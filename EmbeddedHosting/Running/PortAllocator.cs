using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;

namespace FanOut.EmbeddedHosting.Running;

/// <summary>
/// Gives each endpoint of each replica an address on loopback before anything starts. Free ports are taken below the ephemeral range:
/// there, a port that is closed for the moment of a restart could be given to an outgoing connection, even one to itself.
/// </summary>
internal sealed class PortAllocator(bool randomize)
{
    private const int First = 15000;
    private const int Last = 31999;

    private readonly HashSet<int> _taken = [];

    public void Allocate(IResource resource, int replicas)
    {
        foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
        {
            endpoint.Allocated = [.. Enumerable.Range(0, replicas).Select(replica => new Uri($"{endpoint.UriScheme}://127.0.0.1:{PortOf(resource, endpoint, replica)}"))];
        }
    }

    private int PortOf(IResource resource, EndpointAnnotation endpoint, int replica)
    {
        if (randomize || replica > 0 || endpoint.Port is not { } wanted)
        {
            return Free();
        }

        return _taken.Add(wanted) && IsFree(wanted)
            ? wanted
            : throw new DistributedApplicationException($"Port {wanted}, the '{endpoint.Name}' endpoint of '{resource.Name}', is already in use on this machine. Stop what listens there, or configure another port.");
    }

    private int Free()
    {
        for (var attempt = 0; attempt < 1000; attempt++)
        {
            var port = RandomNumberGenerator.GetInt32(First, Last + 1);
            if (IsFree(port) && _taken.Add(port))
            {
                return port;
            }
        }

        throw new DistributedApplicationException($"No free TCP port between {First} and {Last} was found.");
    }

    private static bool IsFree(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>Startup, readiness and liveness probes, where readiness may depend on others and liveness never does: so they cannot ask the same.</summary>
internal sealed class ProbeRule() : ManifestRule("probes")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var workload in overlay.Workloads)
        {
            foreach (var (path, container) in workload.ServingContainers)
            {
                foreach (var (name, probe) in new[] { ("startupProbe", container.StartupProbe), ("readinessProbe", container.ReadinessProbe), ("livenessProbe", container.LivenessProbe) })
                {
                    if (probe is null)
                    {
                        yield return Finds(workload.Manifest, path, $"container '{container.Name}' has no {name}.");
                    }
                    else if (Action(probe) is not { } action)
                    {
                        yield return Finds(workload.Manifest, $"{path}.{name}", "asks nothing: give it httpGet, tcpSocket, exec or grpc.");
                    }
                    else if (Port(probe) is { } port && !workload.Serves(port))
                    {
                        yield return Finds(workload.Manifest, $"{path}.{name}", $"asks port '{port}', which the pod does not serve.");
                    }
                }

                if (container.ReadinessProbe is { } ready && container.LivenessProbe is { } live && Action(live) is { } asked && asked == Action(ready))
                {
                    yield return Finds(workload.Manifest, $"{path}.livenessProbe", $"asks the same as readinessProbe ({asked}): an outage elsewhere would restart the pod. Liveness asks the process alone.");
                }
            }
        }
    }

    private static string? Action(V1Probe probe) =>
        probe.HttpGet is { } http ? $"GET {http.Path}"
        : probe.TcpSocket is { } tcp ? $"TCP {tcp.Port.Value}"
        : probe.Exec is { } exec ? string.Join(' ', exec.Command ?? [])
        : probe.Grpc is { } grpc ? $"gRPC {grpc.Port}"
        : null;

    private static string? Port(V1Probe probe) => probe.HttpGet?.Port?.Value ?? probe.TcpSocket?.Port?.Value;
}

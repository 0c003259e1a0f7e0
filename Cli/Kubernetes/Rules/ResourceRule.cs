using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>Requests for processor and memory, and a limit of memory. None of processor time: throttling would show as latency.</summary>
internal sealed class ResourceRule() : ManifestRule("resources")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var workload in overlay.Workloads)
        {
            foreach (var (path, container) in workload.Containers)
            {
                var requests = container.Resources?.Requests;
                var limits = container.Resources?.Limits;
                foreach (var (kind, name, found) in new[] { ("requests", "cpu", Find(requests, "cpu")), ("requests", "memory", Find(requests, "memory")), ("limits", "memory", Find(limits, "memory")) })
                {
                    if (found is null)
                    {
                        yield return Finds(workload.Manifest, $"{path}.resources.{kind}.{name}", $"container '{container.Name}' must state its {kind} of {name}.");
                    }
                }

                foreach (var name in new[] { "cpu", "memory" })
                {
                    if (Find(requests, name) is { } request && Find(limits, name) is { } limit && limit.ToDecimal() < request.ToDecimal())
                    {
                        yield return Finds(workload.Manifest, $"{path}.resources.limits.{name}", $"is {limit}, which is below what it requests, {request}.");
                    }
                }
            }
        }
    }

    private static ResourceQuantity? Find(IDictionary<string, ResourceQuantity>? quantities, string name) => quantities is not null && quantities.TryGetValue(name, out var found) ? found : null;
}

using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>Everything is denied by default, every workload has a policy that says what it needs, and no policy points past what there is.</summary>
internal sealed class NetworkPolicyRule() : ManifestRule("network policy")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        var policies = overlay.All<V1NetworkPolicy>().ToList();
        var workloads = overlay.Workloads.ToList();
        if (!policies.Exists(pair => IsDefaultDeny(pair.Object.Spec)))
        {
            yield return Finds(null, "", $"overlay '{overlay.Name}' has no NetworkPolicy that denies ingress and egress of all pods (podSelector: {{}}).");
        }

        foreach (var workload in workloads)
        {
            foreach (var direction in new[] { "Ingress", "Egress" })
            {
                if (!policies.Exists(pair => workload.IsSelectedBy(pair.Object.Spec.PodSelector) && Directions(pair.Object.Spec).Contains(direction)))
                {
                    yield return Finds(workload.Manifest, "", $"no NetworkPolicy covers its {direction}: anything goes.");
                }
            }

            if (!policies.Exists(pair => !LabelSelection.IsEmpty(pair.Object.Spec.PodSelector) && workload.IsSelectedBy(pair.Object.Spec.PodSelector)))
            {
                yield return Finds(workload.Manifest, "", "no NetworkPolicy says what it may reach or what may reach it.");
            }
        }

        foreach (var (manifest, policy) in policies)
        {
            foreach (var (path, message) in CheckTargets(policy.Spec, workloads))
            {
                yield return Finds(manifest, path, message);
            }
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckTargets(V1NetworkPolicySpec policy, List<Workload> workloads)
    {
        var selected = workloads.Where(workload => workload.IsSelectedBy(policy.PodSelector)).ToList();
        if (selected.Count == 0)
        {
            yield return ("spec.podSelector", "selects no pod of this overlay.");
        }

        foreach (var (i, rule) in (policy.Ingress ?? []).Index())
        {
            foreach (var port in Ports(rule.Ports).Where(port => !selected.Exists(workload => workload.Serves(port))))
            {
                yield return ($"spec.ingress[{i}].ports", $"lets in on port {port}, which no selected pod serves.");
            }

            foreach (var peer in (rule.FromProperty ?? []).Where(peer => IsNobody(peer, workloads)))
            {
                yield return ($"spec.ingress[{i}].from", "selects no pod of this overlay.");
            }
        }

        foreach (var (i, rule) in (policy.Egress ?? []).Index())
        {
            foreach (var peer in rule.To ?? [])
            {
                if (IsNobody(peer, workloads))
                {
                    yield return ($"spec.egress[{i}].to", "selects no pod of this overlay.");
                }
                else if (IsOwn(peer))
                {
                    foreach (var port in Ports(rule.Ports).Where(port => !workloads.Exists(workload => workload.IsSelectedBy(peer.PodSelector) && workload.Serves(port))))
                    {
                        yield return ($"spec.egress[{i}].ports", $"lets out to port {port}, which no selected pod serves.");
                    }
                }
            }
        }
    }

    private static bool IsDefaultDeny(V1NetworkPolicySpec policy) =>
        LabelSelection.IsEmpty(policy.PodSelector) && policy is { Ingress: null or { Count: 0 }, Egress: null or { Count: 0 } } && Directions(policy) is ["Ingress", "Egress"];

    private static IReadOnlyList<string> Directions(V1NetworkPolicySpec policy) =>
        policy.PolicyTypes is { Count: > 0 } types ? [.. types.OrderDescending(StringComparer.Ordinal)] : policy.Egress is null ? ["Ingress"] : ["Ingress", "Egress"];

    private static bool IsOwn(V1NetworkPolicyPeer peer) => peer is { PodSelector: not null, NamespaceSelector: null, IpBlock: null };

    private static bool IsNobody(V1NetworkPolicyPeer peer, List<Workload> workloads) => IsOwn(peer) && !workloads.Exists(workload => workload.IsSelectedBy(peer.PodSelector));

    private static IEnumerable<string> Ports(IList<V1NetworkPolicyPort>? ports) => (ports ?? []).Select(port => port.Port?.Value).OfType<string>();
}

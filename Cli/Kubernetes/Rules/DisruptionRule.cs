using System.Globalization;
using FanOut.Cli.Kubernetes.Schemas.Keda;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>What has replicas keeps some: a budget against evictions that still lets a node be drained, and pods spread over nodes.</summary>
internal sealed class DisruptionRule() : ManifestRule("disruption")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        var budgets = overlay.All<V1PodDisruptionBudget>().ToList();
        foreach (var workload in overlay.Workloads.Where(workload => Replicas(overlay, workload) > 1))
        {
            var replicas = Replicas(overlay, workload);
            if (!budgets.Exists(pair => workload.IsSelectedBy(pair.Object.Spec.Selector)))
            {
                yield return Finds(workload.Manifest, "", $"has {replicas} replicas and no PodDisruptionBudget: draining nodes could stop them all.");
            }

            if (workload.Pod.TopologySpreadConstraints is not { Count: > 0 } constraints)
            {
                yield return Finds(workload.Manifest, $"{Workload.PodPath}.topologySpreadConstraints", $"is missing: all {replicas} replicas could run on one node.");
            }
            else if (!constraints.All(constraint => workload.IsSelectedBy(constraint.LabelSelector)))
            {
                yield return Finds(workload.Manifest, $"{Workload.PodPath}.topologySpreadConstraints", "has a labelSelector that does not select the pods themselves, and so spreads nothing.");
            }
        }

        foreach (var (manifest, budget) in budgets)
        {
            var workloads = overlay.Workloads.Where(workload => workload.IsSelectedBy(budget.Spec.Selector)).ToList();
            if (workloads.Count == 0)
            {
                yield return Finds(manifest, "spec.selector", "selects no pod of this overlay.");
            }
            else if (BlocksAll(budget.Spec, workloads.Sum(workload => Replicas(overlay, workload))))
            {
                yield return Finds(manifest, "spec", "lets no pod go: a node could never be drained.");
            }
        }
    }

    private static int Replicas(RenderedOverlay overlay, Workload workload) =>
        overlay.All<ScaledObject>().FirstOrDefault(pair => pair.Object.Spec.ScaleTargetRef.Name == workload.Manifest.Name).Object is { } scaled
            ? scaled.Spec.MinReplicaCount ?? 0
            : workload.Replicas ?? 1;

    private static bool BlocksAll(V1PodDisruptionBudgetSpec budget, int replicas) =>
        budget.MaxUnavailable?.Value is "0" or "0%"
        || budget.MinAvailable?.Value is "100%"
        || (int.TryParse(budget.MinAvailable?.Value, CultureInfo.InvariantCulture, out var available) && available >= replicas);
}

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>A workload selects its own pods, and no one else's.</summary>
internal sealed class SelectorRule() : ManifestRule("selectors")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        var workloads = overlay.Workloads.ToList();
        foreach (var workload in workloads)
        {
            if (LabelSelection.IsEmpty(workload.Selector) || !workload.IsSelectedBy(workload.Selector))
            {
                yield return Finds(workload.Manifest, "spec.selector", "does not select the pods of its own template.");
            }

            foreach (var other in workloads.Where(other => other.Manifest != workload.Manifest && other.IsSelectedBy(workload.Selector)))
            {
                yield return Finds(workload.Manifest, "spec.selector", $"selects the pods of {other.Manifest} too.");
            }
        }
    }
}

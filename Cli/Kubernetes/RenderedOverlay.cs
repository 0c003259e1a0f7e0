using k8s.Models;

namespace FanOut.Cli.Kubernetes;

/// <summary>All objects of one overlay, as a cluster would get them.</summary>
internal sealed class RenderedOverlay(string name, IReadOnlyList<Manifest> manifests)
{
    /// <summary>Names what exists in the namespace without being part of the overlay.</summary>
    public const string BeforehandAnnotation = "fanout/secrets-made-beforehand";

    public string Name { get; } = name;

    public IReadOnlyList<Manifest> Manifests { get; } = manifests;

    public IEnumerable<Workload> Workloads
    {
        get
        {
            foreach (var manifest in Manifests)
            {
                switch (manifest.Object)
                {
                    case V1Deployment deployment:
                        yield return new(manifest, deployment.Spec.Replicas, deployment.Spec.Selector, deployment.Spec.Template, []);
                        break;
                    case V1StatefulSet set:
                        yield return new(manifest, set.Spec.Replicas ?? 1, set.Spec.Selector, set.Spec.Template, [.. (set.Spec.VolumeClaimTemplates ?? []).Select(claim => claim.Metadata.Name)]);
                        break;
                }
            }
        }
    }

    public IEnumerable<(Manifest Manifest, T Object)> All<T>() => Manifests.Where(manifest => manifest.Object is T).Select(manifest => (manifest, (T)manifest.Object!));

    public bool Has(string kind, string name) => Manifests.Any(manifest => manifest.Kind == kind && manifest.Name == name);
}

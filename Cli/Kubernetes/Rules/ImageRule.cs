namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>Every image by a version or a digest: what runs must not depend on when a node pulled it.</summary>
internal sealed class ImageRule() : ManifestRule("images")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var workload in overlay.Workloads)
        {
            foreach (var (path, container) in workload.Containers)
            {
                // The first segment may hold a registry's port.
                var name = container.Image[(container.Image.LastIndexOf('/') + 1)..];
                if (name.Contains('@', StringComparison.Ordinal))
                {
                    continue;
                }

                var tag = name.Split(':', 2) is [_, var found] ? found : null;
                if (tag is null or "" or "latest")
                {
                    yield return Finds(workload.Manifest, $"{path}.image", tag is "latest" ? $"'{container.Image}' is latest, which is another image tomorrow: name a version." : $"'{container.Image}' has no tag: name a version.");
                }
            }
        }
    }
}

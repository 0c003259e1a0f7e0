namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>Something that every overlay of this project keeps to, beyond what the API demands.</summary>
internal abstract class ManifestRule(string name)
{
    public abstract IEnumerable<Finding> Check(RenderedOverlay overlay);

    protected Finding Finds(Manifest? manifest, string path, string message) => new(name, manifest, path, message);
}

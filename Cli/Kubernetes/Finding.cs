namespace FanOut.Cli.Kubernetes;

/// <summary>Something that is wrong with a manifest.</summary>
/// <param name="Rule">Which rule says so.</param>
/// <param name="Manifest">The object; null where an overlay as a whole is wrong.</param>
/// <param name="Path">Where in the object, such as <c>spec.template.spec.containers[0].image</c>; empty for the whole object.</param>
/// <param name="Message">What is wrong and what would be right.</param>
internal sealed record Finding(string Rule, Manifest? Manifest, string Path, string Message)
{
    public override string ToString() => $"{Where}{Message} [{Rule}]";

    private string Where => Manifest is null ? "" : Path.Length == 0 ? $"{Manifest.Origin}: {Manifest}: " : $"{Manifest.Origin}: {Manifest}: {Path}: ";
}

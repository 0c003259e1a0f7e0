using System.Reflection;
using System.Text.Json;
using FanOut.Cli.Kubernetes.Rendering;
using FanOut.Cli.Kubernetes.Rules;
using FanOut.Cli.Kubernetes.Schemas;
using k8s;

namespace FanOut.Cli.Kubernetes;

/// <summary>Renders an overlay, reads each object strictly as its API type, and applies this project's rules.</summary>
internal static class OverlayValidator
{
    private static readonly IReadOnlyList<ManifestRule> Rules =
    [
        new ProbeRule(), new ResourceRule(), new ImageRule(), new PlainSecretRule(), new HardeningRule(), new GracePeriodRule(), new DisruptionRule(),
        new NetworkPolicyRule(), new ScalingRule(), new ServiceRule(), new SelectorRule(), new ReferenceRule(), new MonitoringRule(),
    ];

    private static readonly MethodInfo Deserialize = typeof(KubernetesJson).GetMethods().Single(method =>
        method is { Name: nameof(KubernetesJson.Deserialize), IsGenericMethodDefinition: true } && method.GetParameters() is [{ ParameterType: var source }, ..] && source == typeof(string));

    /// <exception cref="RenderingException">The overlay cannot be rendered.</exception>
    public static async Task<(RenderedOverlay Overlay, IReadOnlyList<Finding> Findings)> ValidateAsync(string root, string folder, CancellationToken cancellationToken)
    {
        var overlay = new RenderedOverlay(Path.GetFileName(folder), await Kustomize.RenderAsync(root, folder, cancellationToken));
        return (overlay, Validate(overlay));
    }

    public static IReadOnlyList<Finding> Validate(RenderedOverlay overlay)
    {
        var schema = overlay.Manifests.SelectMany(Read).ToList();

        // A rule on half-read objects would find what is not there.
        return schema.Count > 0 ? schema : [.. Rules.SelectMany(rule => rule.Check(overlay))];
    }

    private static IEnumerable<Finding> Read(Manifest manifest)
    {
        if (ApiTypes.Find(manifest.ApiVersion, manifest.Kind) is not { } type)
        {
            var versions = string.Join(", ", ApiTypes.VersionsOf(manifest.Kind));
            yield return new("schema", manifest, "", versions.Length > 0
                ? $"there is no {manifest.Kind} in '{manifest.ApiVersion}'; it is known in {versions}."
                : $"the kind '{manifest.Kind}' of '{manifest.ApiVersion}' is not known here: write its schema down in Cli/Kubernetes/Schemas.");
            yield break;
        }

        if (manifest.Name.Length == 0)
        {
            yield return new("schema", manifest, "metadata.name", "is missing, and must be there.");
        }

        var differences = StrictSchema.Compare(manifest.Body, type);
        foreach (var (path, message) in differences)
        {
            yield return new("schema", manifest, path, message);
        }

        if (differences.Count == 0)
        {
            string? failure = null;
            try
            {
                manifest.Object = Deserialize.MakeGenericMethod(type).Invoke(null, [manifest.Body.ToJsonString(), null]);
            }
            catch (TargetInvocationException e) when (e.InnerException is JsonException or FormatException or ArgumentException)
            {
                failure = e.InnerException.Message;
            }

            if (failure is not null)
            {
                yield return new("schema", manifest, "", failure);
            }
        }
    }
}

using System.Text.RegularExpressions;
using FanOut.Cli.Kubernetes.Schemas.ExternalSecrets;
using FanOut.Cli.Kubernetes.Schemas.Keda;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>What is referred to is there: in the overlay, made by an ExternalSecret, or named on the namespace as made beforehand.</summary>
internal sealed partial class ReferenceRule() : ManifestRule("references")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var workload in overlay.Workloads)
        {
            foreach (var (path, message) in CheckPod(overlay, workload).Concat(workload.Containers.SelectMany(pair => CheckContainer(overlay, workload, pair.Path, pair.Container))))
            {
                yield return Finds(workload.Manifest, path, message);
            }
        }

        foreach (var (manifest, set) in overlay.All<V1StatefulSet>())
        {
            if (!overlay.Has("Service", set.Spec.ServiceName))
            {
                yield return Finds(manifest, "spec.serviceName", $"there is no Service '{set.Spec.ServiceName}'.");
            }
        }

        foreach (var (manifest, ingress) in overlay.All<V1Ingress>())
        {
            foreach (var name in (ingress.Spec.Tls ?? []).Select(tls => tls.SecretName).OfType<string>().Where(name => Secret(overlay, name, key: null) is not null))
            {
                yield return Finds(manifest, "spec.tls", Secret(overlay, name, key: null)!);
            }
        }

        foreach (var (manifest, authentication) in overlay.All<TriggerAuthentication>())
        {
            foreach (var source in authentication.Spec.SecretTargetRef ?? [])
            {
                if (Secret(overlay, source.Name, source.Key) is { } problem)
                {
                    yield return Finds(manifest, "spec.secretTargetRef", problem);
                }
            }
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckPod(RenderedOverlay overlay, Workload workload)
    {
        var pod = workload.Pod;
        if (pod.ServiceAccountName is { Length: > 0 } account && !overlay.Has("ServiceAccount", account))
        {
            yield return ($"{Workload.PodPath}.serviceAccountName", $"there is no ServiceAccount '{account}'.");
        }

        foreach (var volume in pod.Volumes ?? [])
        {
            var problem = volume.ConfigMap is { } map ? ConfigMap(overlay, map.Name, key: null)
                : volume.Secret is { } secret ? Secret(overlay, secret.SecretName, key: null)
                : volume.PersistentVolumeClaim is { } claim && !overlay.Has("PersistentVolumeClaim", claim.ClaimName) ? $"there is no PersistentVolumeClaim '{claim.ClaimName}'."
                : null;
            if (problem is not null)
            {
                yield return ($"{Workload.PodPath}.volumes['{volume.Name}']", problem);
            }
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckContainer(RenderedOverlay overlay, Workload workload, string path, V1Container container)
    {
        var volumes = (workload.Pod.Volumes ?? []).Select(volume => volume.Name).Concat(workload.ClaimedVolumes).ToHashSet();
        foreach (var mount in (container.VolumeMounts ?? []).Where(mount => !volumes.Contains(mount.Name)))
        {
            yield return ($"{path}.volumeMounts", $"there is no volume '{mount.Name}'.");
        }

        foreach (var source in container.EnvFrom ?? [])
        {
            if ((source.ConfigMapRef is { } map ? ConfigMap(overlay, map.Name, key: null) : source.SecretRef is { } secret ? Secret(overlay, secret.Name, key: null) : null) is { } problem)
            {
                yield return ($"{path}.envFrom", problem);
            }
        }

        var defined = (container.EnvFrom ?? []).Select(source => source.ConfigMapRef?.Name).OfType<string>()
            .SelectMany(name => overlay.All<V1ConfigMap>().Where(pair => pair.Manifest.Name == name)).SelectMany(pair => pair.Object.Data?.Keys ?? []).ToHashSet();
        foreach (var variable in container.Env ?? [])
        {
            var problem = variable.ValueFrom?.SecretKeyRef is { } secret ? Secret(overlay, secret.Name, secret.Key)
                : variable.ValueFrom?.ConfigMapKeyRef is { } map ? ConfigMap(overlay, map.Name, map.Key)
                : null;
            if (problem is not null)
            {
                yield return ($"{path}.env['{variable.Name}']", problem);
            }

            foreach (var name in References(variable.Value).Where(name => !defined.Contains(name)))
            {
                yield return ($"{path}.env['{variable.Name}']", $"refers to $({name}), which is not defined before it and would stay as it is written.");
            }

            defined.Add(variable.Name);
        }

        foreach (var name in (container.Command ?? []).Concat(container.Args ?? []).SelectMany(References).Where(name => !defined.Contains(name)))
        {
            yield return (path, $"the command line of container '{container.Name}' refers to $({name}), which is not defined.");
        }
    }

    private static string? ConfigMap(RenderedOverlay overlay, string name, string? key) =>
        overlay.All<V1ConfigMap>().FirstOrDefault(pair => pair.Manifest.Name == name).Object is not { } map ? $"there is no ConfigMap '{name}'."
        : key is not null && map.Data?.ContainsKey(key) is not true ? $"ConfigMap '{name}' has no '{key}'."
        : null;

    private static string? Secret(RenderedOverlay overlay, string name, string? key)
    {
        var beforehand = overlay.All<V1Namespace>().Select(pair => pair.Object.Metadata.Annotations)
            .Select(annotations => annotations is not null && annotations.TryGetValue(RenderedOverlay.BeforehandAnnotation, out var names) ? names : "")
            .SelectMany(names => names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
        if (beforehand.Contains(name) || overlay.Has("Secret", name))
        {
            return null;
        }

        return overlay.All<ExternalSecret>().FirstOrDefault(pair => (pair.Object.Spec.Target?.Name ?? pair.Manifest.Name) == name).Object is not { } external
            ? $"there is no Secret '{name}': make it with an ExternalSecret, or name it in the annotation {RenderedOverlay.BeforehandAnnotation} of the namespace."
            : key is not null && external.Spec.Data?.Any(entry => entry.SecretKey == key) is not true ? $"the ExternalSecret of '{name}' has no '{key}'."
            : null;
    }

    private static IEnumerable<string> References(string? text) => Reference().Matches(text ?? "").Select(match => match.Groups[1].Value);

    [GeneratedRegex(@"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")]
    private static partial Regex Reference();
}

using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>What a container may do: nothing but run its program, as a user, on files it cannot change, without a token for the cluster. At least the "restricted" pod security standard.</summary>
internal sealed class HardeningRule() : ManifestRule("hardening")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var workload in overlay.Workloads)
        {
            foreach (var (path, message) in CheckPod(workload).Concat(workload.Containers.SelectMany(pair => CheckContainer(workload.Pod, pair.Path, pair.Container))))
            {
                yield return Finds(workload.Manifest, path, message);
            }
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckPod(Workload workload)
    {
        var pod = workload.Pod;
        foreach (var (name, isOn) in new[] { ("hostNetwork", pod.HostNetwork), ("hostPID", pod.HostPID), ("hostIPC", pod.HostIPC) })
        {
            if (isOn is true)
            {
                yield return ($"{Workload.PodPath}.{name}", "must not be on: the pod would see its node.");
            }
        }

        if (pod.AutomountServiceAccountToken is not false)
        {
            yield return ($"{Workload.PodPath}.automountServiceAccountToken", "must be false: no service talks to the cluster.");
        }

        if (pod.ServiceAccountName is null or "" or "default")
        {
            yield return ($"{Workload.PodPath}.serviceAccountName", "must name an account of the service's own.");
        }

        foreach (var volume in (pod.Volumes ?? []).Where(volume => volume.HostPath is not null))
        {
            yield return ($"{Workload.PodPath}.volumes['{volume.Name}'].hostPath", "must not be used: the pod would see its node's files.");
        }
    }

    private static IEnumerable<(string Path, string Message)> CheckContainer(V1PodSpec pod, string path, V1Container container)
    {
        var own = container.SecurityContext;
        path = $"{path}.securityContext";
        if ((own?.RunAsNonRoot ?? pod.SecurityContext?.RunAsNonRoot) is not true)
        {
            yield return ($"{path}.runAsNonRoot", "must be true, here or for the pod.");
        }

        if ((own?.RunAsUser ?? pod.SecurityContext?.RunAsUser) is null or 0)
        {
            yield return ($"{path}.runAsUser", "must be a user's number other than 0, here or for the pod.");
        }

        if (own?.ReadOnlyRootFilesystem is not true)
        {
            yield return ($"{path}.readOnlyRootFilesystem", "must be true; where the program writes, mount an emptyDir.");
        }

        if (own?.AllowPrivilegeEscalation is not false)
        {
            yield return ($"{path}.allowPrivilegeEscalation", "must be false.");
        }

        if (own?.Privileged is true)
        {
            yield return ($"{path}.privileged", "must not be true.");
        }

        if (own?.Capabilities?.Drop?.Contains("ALL") is not true || own.Capabilities.Add is { Count: > 0 })
        {
            yield return ($"{path}.capabilities", "must drop ALL and add none.");
        }

        if ((own?.SeccompProfile?.Type ?? pod.SecurityContext?.SeccompProfile?.Type) is not "RuntimeDefault")
        {
            yield return ($"{path}.seccompProfile.type", "must be RuntimeDefault, here or for the pod.");
        }
    }
}

using FanOut.Cli.Kubernetes.Rules;
using k8s.Models;

namespace FanOut.Cli.Kubernetes;

/// <summary>What runs pods.</summary>
/// <param name="Manifest">A Deployment or a StatefulSet.</param>
/// <param name="Replicas">How many; null where a scaler decides.</param>
/// <param name="Selector">Which pods it calls its own.</param>
/// <param name="Template">How they look.</param>
/// <param name="ClaimedVolumes">Volumes that it claims for each pod.</param>
internal sealed record Workload(Manifest Manifest, int? Replicas, V1LabelSelector Selector, V1PodTemplateSpec Template, IReadOnlyList<string> ClaimedVolumes)
{
    public const string PodPath = "spec.template.spec";

    public V1PodSpec Pod => Template.Spec;

    public IEnumerable<(string Path, V1Container Container)> Containers =>
        (Pod.InitContainers ?? []).Select((container, i) => ($"{PodPath}.initContainers[{i}]", container))
        .Concat(ServingContainers);

    public IEnumerable<(string Path, V1Container Container)> ServingContainers => Pod.Containers.Select((container, i) => ($"{PodPath}.containers[{i}]", container));

    public bool IsSelectedBy(V1LabelSelector? selector) => LabelSelection.Matches(selector, Template.Metadata?.Labels);

    public bool IsSelectedBy(IDictionary<string, string>? labels) => labels is { Count: > 0 } && LabelSelection.Matches(new V1LabelSelector { MatchLabels = labels }, Template.Metadata?.Labels);

    public bool Serves(string port) => ServingContainers.SelectMany(pair => pair.Container.Ports ?? []).Any(candidate =>
        candidate.Name == port || candidate.ContainerPort.ToString(System.Globalization.CultureInfo.InvariantCulture) == port);
}

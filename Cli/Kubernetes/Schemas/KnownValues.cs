using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas;

/// <summary>What the Kubernetes API demands and its client's types do not say: fields that must be there, and the only values that some may have.</summary>
internal static class KnownValues
{
    private static readonly Dictionary<Type, string[]> RequiredFields = new()
    {
        [typeof(V1DeploymentSpec)] = ["selector", "template"],
        [typeof(V1StatefulSetSpec)] = ["selector", "template", "serviceName"],
        [typeof(V1PodSpec)] = ["containers"],
        [typeof(V1Container)] = ["name", "image"],
        [typeof(V1EnvVar)] = ["name"],
        [typeof(V1SecretKeySelector)] = ["name", "key"],
        [typeof(V1ConfigMapKeySelector)] = ["name", "key"],
        [typeof(V1ObjectFieldSelector)] = ["fieldPath"],
        [typeof(V1HTTPGetAction)] = ["port"],
        [typeof(V1TCPSocketAction)] = ["port"],
        [typeof(V1ExecAction)] = ["command"],
        [typeof(V1Volume)] = ["name"],
        [typeof(V1VolumeMount)] = ["name", "mountPath"],
        [typeof(V1TopologySpreadConstraint)] = ["topologyKey", "whenUnsatisfiable"],
        [typeof(V1ServiceSpec)] = ["ports"],
        [typeof(V1NetworkPolicySpec)] = ["podSelector"],
        [typeof(V1IPBlock)] = ["cidr"],
        [typeof(V1LabelSelectorRequirement)] = ["key", "operator"],
        [typeof(V1PodDisruptionBudgetSpec)] = ["selector"],
        [typeof(V1HTTPIngressPath)] = ["pathType", "backend"],
        [typeof(V1SeccompProfile)] = ["type"],
    };

    private static readonly Dictionary<(Type, string), string[]> Values = new()
    {
        [(typeof(V1Container), "imagePullPolicy")] = ["Always", "IfNotPresent", "Never"],
        [(typeof(V1ContainerPort), "protocol")] = ["TCP", "UDP", "SCTP"],
        [(typeof(V1ServicePort), "protocol")] = ["TCP", "UDP", "SCTP"],
        [(typeof(V1NetworkPolicyPort), "protocol")] = ["TCP", "UDP", "SCTP"],
        [(typeof(V1ServiceSpec), "type")] = ["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
        [(typeof(V1PodSpec), "restartPolicy")] = ["Always", "OnFailure", "Never"],
        [(typeof(V1PodSpec), "dnsPolicy")] = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"],
        [(typeof(V1DeploymentStrategy), "type")] = ["RollingUpdate", "Recreate"],
        [(typeof(V1StatefulSetSpec), "podManagementPolicy")] = ["OrderedReady", "Parallel"],
        [(typeof(V1PersistentVolumeClaimSpec), "accessModes")] = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"],
        [(typeof(V1TopologySpreadConstraint), "whenUnsatisfiable")] = ["DoNotSchedule", "ScheduleAnyway"],
        [(typeof(V1SeccompProfile), "type")] = ["RuntimeDefault", "Localhost", "Unconfined"],
        [(typeof(V1PodSecurityContext), "fsGroupChangePolicy")] = ["OnRootMismatch", "Always"],
        [(typeof(V1NetworkPolicySpec), "policyTypes")] = ["Ingress", "Egress"],
        [(typeof(V1LabelSelectorRequirement), "operator")] = ["In", "NotIn", "Exists", "DoesNotExist"],
        [(typeof(V1HTTPGetAction), "scheme")] = ["HTTP", "HTTPS"],
        [(typeof(V1HTTPIngressPath), "pathType")] = ["Exact", "Prefix", "ImplementationSpecific"],
        [(typeof(V1EmptyDirVolumeSource), "medium")] = ["", "Memory"],
        [(typeof(V2HPAScalingPolicy), "type")] = ["Pods", "Percent"],
    };

    public static IEnumerable<string> RequiredOf(Type type) => RequiredFields.GetValueOrDefault(type, []);

    public static string[]? ValuesOf(Type type, string field) => Values.GetValueOrDefault((type, field));
}

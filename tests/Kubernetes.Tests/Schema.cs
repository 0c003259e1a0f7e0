using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using k8s.Models;

namespace FanOut.Kubernetes.Tests;

/// <summary>Reads an object strictly as its API type. Kubernetes itself drops an unknown field without an error.</summary>
internal static class Schema
{
    /// <summary>Fields that the API requires and the client's types leave optional.</summary>
    private static readonly Dictionary<string, string[]> Required = Table("""
        V1DeploymentSpec: selector template; V1StatefulSetSpec: selector template serviceName; V1PodSpec: containers
        V1Container: name image; V1EnvVar: name; V1SecretKeySelector: name key; V1ConfigMapKeySelector: name key
        V1ObjectFieldSelector: fieldPath; V1HTTPGetAction: port; V1TCPSocketAction: port; V1ExecAction: command
        V1Volume: name; V1VolumeMount: name mountPath; V1TopologySpreadConstraint: topologyKey whenUnsatisfiable
        V1ServiceSpec: ports; V1NetworkPolicySpec: podSelector; V1IPBlock: cidr; V1LabelSelectorRequirement: key operator
        V1PodDisruptionBudgetSpec: selector; V1HTTPIngressPath: pathType backend; V1SeccompProfile: type
        """);

    /// <summary>The values that the API accepts where the client's types accept any text.</summary>
    private static readonly Dictionary<string, string[]> Values = Table("""
        V1Container.imagePullPolicy: Always IfNotPresent Never; V1ContainerPort.protocol: TCP UDP SCTP
        V1ServicePort.protocol: TCP UDP SCTP; V1NetworkPolicyPort.protocol: TCP UDP SCTP
        V1ServiceSpec.type: ClusterIP NodePort LoadBalancer ExternalName; V1PodSpec.restartPolicy: Always OnFailure Never
        V1PodSpec.dnsPolicy: ClusterFirst ClusterFirstWithHostNet Default None; V1DeploymentStrategy.type: RollingUpdate Recreate
        V1StatefulSetSpec.podManagementPolicy: OrderedReady Parallel; V1SeccompProfile.type: RuntimeDefault Localhost Unconfined
        V1PersistentVolumeClaimSpec.accessModes: ReadWriteOnce ReadOnlyMany ReadWriteMany ReadWriteOncePod
        V1TopologySpreadConstraint.whenUnsatisfiable: DoNotSchedule ScheduleAnyway; V1EmptyDirVolumeSource.medium: Memory
        V1PodSecurityContext.fsGroupChangePolicy: OnRootMismatch Always; V1NetworkPolicySpec.policyTypes: Ingress Egress
        V1LabelSelectorRequirement.operator: In NotIn Exists DoesNotExist; V1HTTPGetAction.scheme: HTTP HTTPS
        V1HTTPIngressPath.pathType: Exact Prefix ImplementationSpecific; V2HPAScalingPolicy.type: Pods Percent
        """);

    private static readonly JsonSerializerOptions Strict = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase, allowIntegerValues: false) },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { Restrict } },
    };

    private static readonly Dictionary<string, Type> Types = typeof(V1Deployment).Assembly.GetExportedTypes()
        .Concat(typeof(CustomResource).Assembly.GetTypes())
        .Select(type => (Type: type, Entity: type.GetCustomAttribute<KubernetesEntityAttribute>()))
        .Where(pair => pair.Entity is not null)
        .ToDictionary(pair => $"{pair.Entity!.Group}/{pair.Entity.ApiVersion}/{pair.Entity.Kind}".TrimStart('/'), pair => pair.Type);

    /// <exception cref="JsonException">The API would refuse the object.</exception>
    public static object Read(JsonObject document)
    {
        var name = $"{document["apiVersion"]}/{document["kind"]}";
        var type = Types.GetValueOrDefault(name)
            ?? throw new JsonException($"{name} is not known; a custom resource needs a type in {nameof(CustomResource)}s.cs.");
        try
        {
            return document.Deserialize(type, Strict)!;
        }
        catch (ArgumentException e)
        {
            // Thrown by ResourceQuantity.
            throw new JsonException(e.Message, e);
        }
    }

    private static void Restrict(JsonTypeInfo type)
    {
        var isKubernetes = type.Type.Namespace == typeof(V1Deployment).Namespace;
        foreach (var property in type.Properties)
        {
            var isNeverNull = property.PropertyType.IsValueType && Nullable.GetUnderlyingType(property.PropertyType) is null;
            property.IsRequired |= (isKubernetes && isNeverNull) || Required.GetValueOrDefault(type.Type.Name, []).Contains(property.Name);
            if (Values.TryGetValue($"{type.Type.Name}.{property.Name}", out var known) && property.Set is { } set)
            {
                property.Set = (target, value) =>
                {
                    foreach (var text in value is string one ? [one] : (IEnumerable<string>?)value ?? [])
                    {
                        if (!known.Contains(text))
                        {
                            throw new JsonException($"{property.Name} is '{text}', but must be one of: {string.Join(' ', known)}.");
                        }
                    }

                    set(target, value);
                };
            }
        }
    }

    private static Dictionary<string, string[]> Table(string text) => text.Split([';', '\n'])
        .Select(entry => entry.Split(':'))
        .ToDictionary(entry => entry[0].Trim(), entry => entry[1].Trim().Split(' '));
}

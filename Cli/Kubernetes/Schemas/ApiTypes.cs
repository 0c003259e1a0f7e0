using System.Reflection;
using FanOut.Cli.Kubernetes.Schemas.ExternalSecrets;
using FanOut.Cli.Kubernetes.Schemas.Keda;
using FanOut.Cli.Kubernetes.Schemas.PrometheusOperator;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Schemas;

/// <summary>The type of each kind of object: Kubernetes' own from its client, those of the operators as they are written down beside this file.</summary>
internal static class ApiTypes
{
    private static readonly Type[] Operators = [typeof(ScaledObject), typeof(TriggerAuthentication), typeof(ServiceMonitor), typeof(PrometheusRule), typeof(ExternalSecret)];

    private static readonly Dictionary<(string ApiVersion, string Kind), Type> Types = typeof(V1Deployment).Assembly.GetExportedTypes().Concat(Operators)
        .Select(type => (Type: type, Entity: type.GetCustomAttribute<KubernetesEntityAttribute>()))
        .Where(pair => pair.Entity is not null)
        .ToDictionary(
            pair => (pair.Entity!.Group is { Length: > 0 } group ? $"{group}/{pair.Entity.ApiVersion}" : pair.Entity.ApiVersion, pair.Entity.Kind),
            pair => pair.Type);

    public static Type? Find(string apiVersion, string kind) => Types.GetValueOrDefault((apiVersion, kind));

    /// <summary>The versions in which this kind is known.</summary>
    public static IEnumerable<string> VersionsOf(string kind) => Types.Keys.Where(key => key.Kind == kind).Select(key => key.ApiVersion).Order(StringComparer.Ordinal);
}

using System.Globalization;
using FanOut.Cli.Kubernetes.Schemas.Keda;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>A scaler has something to scale, is the only one who says how many, is told how by settings that its trigger knows, and the worker is prepared for as many.</summary>
internal sealed class ScalingRule() : ManifestRule("scaling")
{
    private const string ReplicasSetting = "EventBus__Consumer__Replicas";

    /// <summary>By trigger: what must be there, and what may (<see href="https://keda.sh/docs/2.20/scalers/"/>).</summary>
    private static readonly Dictionary<string, (string[] Required, string[] Known)> Triggers = new()
    {
        ["prometheus"] = (
            ["serverAddress", "query", "threshold"],
            ["serverAddress", "query", "threshold", "activationThreshold", "queryParameters", "namespace", "customHeaders", "ignoreNullValues", "unsafeSsl", "timeout", "authModes"]),
        ["redis-streams"] = (
            ["stream", "consumerGroup", "lagCount"],
            [
                "stream", "consumerGroup", "lagCount", "activationLagCount", "address", "host", "port", "username", "usernameFromEnv", "passwordFromEnv", "addressFromEnv", "hostFromEnv", "portFromEnv",
                "databaseIndex", "enableTLS", "unsafeSsl",
            ]),
        ["cpu"] = (["value"], ["value", "containerName"]),
    };

    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var (manifest, scaled) in overlay.All<ScaledObject>())
        {
            var target = scaled.Spec.ScaleTargetRef;
            var kind = target.Kind ?? "Deployment";
            if (overlay.Workloads.FirstOrDefault(candidate => candidate.Manifest.Kind == kind && candidate.Manifest.Name == target.Name) is not { } workload)
            {
                yield return Finds(manifest, "spec.scaleTargetRef", $"there is no {kind} '{target.Name}' to scale.");
                continue;
            }

            if (workload.Manifest.Body["spec"]?["replicas"] is not null)
            {
                yield return Finds(workload.Manifest, "spec.replicas", $"must be left out: ScaledObject '{manifest.Name}' decides, and every apply would undo it.");
            }

            var least = scaled.Spec.MinReplicaCount ?? 0;
            var most = scaled.Spec.MaxReplicaCount ?? 100;
            if (least > most)
            {
                yield return Finds(manifest, "spec.minReplicaCount", $"is {least}, above maxReplicaCount, {most}.");
            }

            if (Setting(workload) is { } prepared && prepared < most)
            {
                yield return Finds(workload.Manifest, $"{Workload.PodPath}.containers[0].env['{ReplicasSetting}']", $"is {prepared}, but ScaledObject '{manifest.Name}' goes up to {most}.");
            }
            else if (Setting(workload) is null)
            {
                yield return Finds(workload.Manifest, $"{Workload.PodPath}.containers[0].env['{ReplicasSetting}']", $"is missing: ScaledObject '{manifest.Name}' goes up to {most} replicas, and PauseAbove is checked against that.");
            }

            foreach (var (i, trigger) in scaled.Spec.Triggers.Index())
            {
                foreach (var message in CheckTrigger(overlay, trigger))
                {
                    yield return Finds(manifest, $"spec.triggers[{i}]", message);
                }
            }
        }
    }

    private static IEnumerable<string> CheckTrigger(RenderedOverlay overlay, ScaledObject.Trigger trigger)
    {
        if (!Triggers.TryGetValue(trigger.Type, out var settings))
        {
            yield return $"the settings of trigger '{trigger.Type}' are not known here: write them down in {nameof(ScalingRule)}.";
            yield break;
        }

        foreach (var missing in settings.Required.Where(name => !trigger.Metadata.ContainsKey(name)))
        {
            yield return $"metadata.{missing} is missing, and trigger '{trigger.Type}' needs it.";
        }

        foreach (var unknown in trigger.Metadata.Keys.Where(name => !settings.Known.Contains(name)))
        {
            yield return $"metadata.{unknown} is no setting of trigger '{trigger.Type}'.";
        }

        foreach (var name in new[] { "threshold", "activationThreshold", "lagCount", "activationLagCount" })
        {
            if (trigger.Metadata.TryGetValue(name, out var value) && !double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
            {
                yield return $"metadata.{name} is '{value}', but must be a number.";
            }
        }

        if (trigger.AuthenticationRef is { Kind: null or "TriggerAuthentication" } authentication && !overlay.Has("TriggerAuthentication", authentication.Name))
        {
            yield return $"there is no TriggerAuthentication '{authentication.Name}'.";
        }
    }

    private static int? Setting(Workload workload) =>
        int.TryParse(workload.ServingContainers.SelectMany(pair => pair.Container.Env ?? []).FirstOrDefault(variable => variable.Name == ReplicasSetting)?.Value, CultureInfo.InvariantCulture, out var replicas)
            ? replicas
            : null;
}

using System.Globalization;
using System.Text.RegularExpressions;
using k8s;
using k8s.Models;

namespace FanOut.Kubernetes.Tests;

/// <summary>The rules that every overlay must keep, beyond those of the API.</summary>
internal static partial class Rules
{
    /// <summary>The limit of the services' own shutdown: HostOptions.ShutdownTimeout in ServiceDefaults.</summary>
    internal const int ShutdownSeconds = 30;

    /// <summary>By trigger type: the required settings, and the optional ones (<see href="https://keda.sh/docs/2.20/scalers/"/>).</summary>
    private static readonly Dictionary<string, (string[] Required, string[] Optional)> Triggers = new()
    {
        ["prometheus"] = (["serverAddress", "query", "threshold"], ["activationThreshold", "ignoreNullValues", "unsafeSsl", "timeout", "authModes"]),
        ["redis-streams"] = (["stream", "consumerGroup", "lagCount"], ["activationLagCount", "address", "databaseIndex", "enableTLS"]),
        ["cpu"] = (["value"], ["containerName"]),
    };

    /// <summary>Records an error of the subject if the condition is false.</summary>
    private delegate void Require(object subject, bool condition, string otherwise);

    public static IReadOnlyList<string> Check(Overlay overlay)
    {
        Action<Overlay, Require>[] rules =
        [
            Probes, Resources, Images, PlainSecrets, Accounts, Hardening, GracePeriods, Disruption, NetworkPolicies, PolicyTargets, Scaling,
            TriggerSettings, Services, Ingresses, Selectors, PodReferences, Variables, Credentials, Monitors, Alerts,
        ];
        var broken = new List<string>();
        foreach (var rule in rules)
        {
            rule(overlay, (subject, condition, otherwise) =>
            {
                var name = subject is IKubernetesObject<V1ObjectMeta> one ? $"{one.Kind}/{one.Metadata.Name}" : $"{subject}";
                broken.AddRange(condition ? [] : [$"{name}: {otherwise} [{rule.Method.Name}]"]);
            });
        }

        return broken;
    }

    /// <summary>Readiness may depend on other services and liveness may not, so the two probes must differ. A Job needs none.</summary>
    private static void Probes(Overlay overlay, Require require)
    {
        var services = overlay.Workloads.Where(app => app.Kind != "Job");
        foreach (var (app, container) in services.SelectMany(app => app.Pod.Containers, (app, container) => (app, container)))
        {
            var (ready, live) = (container.ReadinessProbe, container.LivenessProbe);
            foreach (var (name, probe) in new[] { ("startupProbe", container.StartupProbe), ("readinessProbe", ready), ("livenessProbe", live) })
            {
                var port = (probe?.HttpGet?.Port ?? probe?.TcpSocket?.Port)?.Value;
                require(app, probe is not null, $"has no {name}");
                require(app, probe is null || Action(probe) is not null, $"{name} asks nothing");
                require(app, port is null || app.Serves(port), $"{name} asks a port that the pod does not serve");
            }

            require(app, live is null || ready is null || Action(live) != Action(ready), "livenessProbe asks the same as readinessProbe");
        }

        static string? Action(V1Probe probe) => probe.HttpGet is { } http ? $"GET {http.Path}"
            : probe.TcpSocket is { } tcp ? $"TCP {tcp.Port.Value}"
            : probe.Exec is { } exec ? string.Join(' ', exec.Command)
            : probe.Grpc is { } grpc ? $"gRPC {grpc.Port}" : null;
    }

    /// <summary>No CPU limit is required, because throttling adds latency.</summary>
    private static void Resources(Overlay overlay, Require require)
    {
        foreach (var (app, container) in Containers(overlay))
        {
            var (requests, limits) = (container.Resources?.Requests, container.Resources?.Limits);
            require(app, Find(requests, "cpu") is not null, "requests no cpu");
            require(app, Find(requests, "memory") is not null, "requests no memory");
            require(app, Find(limits, "memory") is not null, "has no limit of memory");
            foreach (var name in new[] { "cpu", "memory" })
            {
                require(app, !(Find(limits, name) < Find(requests, name)), $"the limit of {name} is below the request");
            }
        }

        static decimal? Find(IDictionary<string, ResourceQuantity>? quantities, string name) =>
            quantities is not null && quantities.TryGetValue(name, out var found) ? found.ToDecimal() : null;
    }

    private static void Images(Overlay overlay, Require require)
    {
        foreach (var (app, container) in Containers(overlay))
        {
            // The first segment may have a registry's port.
            var name = container.Image.Split('/')[^1];
            var isFixed = name.Contains('@', StringComparison.Ordinal) || name.Split(':') is [_, not "" and not "latest"];
            require(app, isFixed, $"{container.Image} names no version");
        }
    }

    private static void PlainSecrets(Overlay overlay, Require require)
    {
        foreach (var secret in overlay.All<V1Secret>())
        {
            require(secret, secret is { Data: null or { Count: 0 }, StringData: null or { Count: 0 } }, "holds its content in plain text");
        }

        foreach (var (app, container) in Containers(overlay))
        {
            foreach (var variable in container.Env ?? [])
            {
                require(app, !IsSecret(variable.Name, variable.Value ?? ""), $"{variable.Name} holds a secret in plain text");
            }

            string[] words = ["", .. container.Command ?? [], .. container.Args ?? []];
            var options = words.Zip(words.Skip(1)).Where(pair => PasswordOption().IsMatch(pair.First));
            var isPlain = words.Any(Assignment().IsMatch) || !options.All(pair => OneReference().IsMatch(pair.Second));
            require(app, !isPlain, "the command line holds a secret in plain text");
        }

        foreach (var map in overlay.All<V1ConfigMap>())
        {
            require(map, !(map.Data ?? new Dictionary<string, string>()).Any(pair => IsSecret(pair.Key, pair.Value)), "holds a secret in plain text");
        }

        static bool IsSecret(string name, string value) =>
            (SecretName().IsMatch(name) && value.Length > 0 && !OneReference().IsMatch(value)) || Assignment().IsMatch(value);
    }

    /// <summary>At least the "restricted" pod security standard.</summary>
    private static void Hardening(Overlay overlay, Require require)
    {
        foreach (var (app, pod) in overlay.Workloads.Select(app => (app, app.Pod)))
        {
            require(app, pod is { HostNetwork: not true, HostPID: not true, HostIPC: not true }, "shares a namespace of its node");
            require(app, pod.AutomountServiceAccountToken is false, "automountServiceAccountToken must be false");
            require(app, pod.ServiceAccountName is not (null or "" or "default"), "has no serviceAccountName of its own");
            require(app, (pod.Volumes ?? []).All(volume => volume.HostPath is null), "mounts a hostPath");
            foreach (var own in app.Containers.Select(one => one.SecurityContext ?? new()))
            {
                require(app, (own.RunAsNonRoot ?? pod.SecurityContext?.RunAsNonRoot) is true, "runAsNonRoot must be true");
                require(app, (own.RunAsUser ?? pod.SecurityContext?.RunAsUser) is not (null or 0), "runAsUser must be a number other than 0");
                require(app, own.ReadOnlyRootFilesystem is true, "readOnlyRootFilesystem must be true");
                require(app, own.AllowPrivilegeEscalation is false, "allowPrivilegeEscalation must be false");
                require(app, own.Privileged is not true, "privileged must not be true");
                var (set, seccomp) = (own.Capabilities, own.SeccompProfile ?? pod.SecurityContext?.SeccompProfile);
                require(app, set?.Drop?.Contains("ALL") is true && set.Add is not { Count: > 0 }, "must drop ALL capabilities, add none");
                require(app, seccomp?.Type is "RuntimeDefault", "seccompProfile must be RuntimeDefault");
            }
        }
    }

    /// <summary>A service that is killed before it has finished its batch leaves it to be reclaimed a minute later.</summary>
    private static void GracePeriods(Overlay overlay, Require require)
    {
        foreach (var app in overlay.Workloads)
        {
            var least = app.Pod.Containers.Max(one => one.Lifecycle?.PreStop?.Sleep?.Seconds ?? 0) + ShutdownSeconds + 5;
            var given = app.Pod.TerminationGracePeriodSeconds ?? 30;
            require(app, given >= least, $"terminationGracePeriodSeconds is {given}, but preStop, shutdown and 5 s to spare need {least}");
        }
    }

    /// <summary>A pod has the accounts of its own service only.</summary>
    private static void Accounts(Overlay overlay, Require require)
    {
        var users = overlay.Workloads.SelectMany(app => app.Containers.SelectMany(one => one.Env ?? []), (app, variable) => (app, variable))
            .Select(use => (use.app, use.variable.ValueFrom?.SecretKeyRef?.Name))
            .Concat(overlay.Workloads.SelectMany(app => app.Pod.Volumes ?? [], (app, volume) => (app, volume.Secret?.SecretName)))
            .Where(use => use.Item2 is not null).Distinct();
        foreach (var (app, secret) in users)
        {
            require(app, !secret!.EndsWith("-connections", StringComparison.Ordinal) || secret == $"{app.Name}-connections", $"uses {secret}");
        }
    }

    private static void Disruption(Overlay overlay, Require require)
    {
        foreach (var (app, replicas) in overlay.Workloads.Select(app => (app, Replicas(app))).Where(pair => pair.Item2 > 1))
        {
            var spread = app.Pod.TopologySpreadConstraints ?? [];
            require(app, overlay.All<V1PodDisruptionBudget>().Any(budget => app.IsSelectedBy(budget.Spec.Selector)), "has no PodDisruptionBudget");
            require(app, spread.Count > 0, $"all {replicas} replicas could run on one node");
            require(app, spread.All(one => app.IsSelectedBy(one.LabelSelector)), "topologySpreadConstraints do not select its own pods");
        }

        foreach (var budget in overlay.All<V1PodDisruptionBudget>())
        {
            var (most, least) = (budget.Spec.MaxUnavailable?.Value, budget.Spec.MinAvailable?.Value);
            var apps = overlay.Workloads.Where(app => app.IsSelectedBy(budget.Spec.Selector)).ToArray();
            var keepsAll = int.TryParse(least, CultureInfo.InvariantCulture, out var kept) ? kept >= apps.Sum(Replicas) : least is "100%";
            require(budget, apps.Length > 0, "selects no pod");
            require(budget, most is not ("0" or "0%") && !keepsAll, "lets no pod go: a node could never be drained");
        }

        int Replicas(Workload app) => overlay.All<ScaledObject>().FirstOrDefault(scaled => scaled.Spec.ScaleTargetRef.Name == app.Name) is { } scaled
            ? scaled.Spec.MinReplicaCount ?? 0
            : app.Replicas ?? 1;
    }

    private static void NetworkPolicies(Overlay overlay, Require require)
    {
        var policies = overlay.All<V1NetworkPolicy>().Select(policy => policy.Spec).ToArray();
        require("The overlay", policies.Any(DeniesAll), "no NetworkPolicy denies ingress and egress of all pods");
        foreach (var app in overlay.Workloads)
        {
            var own = policies.Where(policy => app.IsSelectedBy(policy.PodSelector)).ToArray();
            require(app, own.Any(policy => Covers(policy, "Ingress")), "no NetworkPolicy covers its ingress");
            require(app, own.Any(policy => Covers(policy, "Egress")), "no NetworkPolicy covers its egress");
            require(app, own.Any(policy => !policy.PodSelector.IsEmpty()), "has no NetworkPolicy of its own");
        }

        static bool DeniesAll(V1NetworkPolicySpec policy) => policy.PodSelector.IsEmpty()
            && policy is { Ingress: null or { Count: 0 }, Egress: null or { Count: 0 } } && Covers(policy, "Ingress") && Covers(policy, "Egress");
        static bool Covers(V1NetworkPolicySpec policy, string direction) =>
            policy.PolicyTypes is { Count: > 0 } types ? types.Contains(direction) : direction == "Ingress" || policy.Egress is not null;
    }

    private static void PolicyTargets(Overlay overlay, Require require)
    {
        foreach (var policy in overlay.All<V1NetworkPolicy>())
        {
            var selected = overlay.Workloads.Where(app => app.IsSelectedBy(policy.Spec.PodSelector)).ToArray();
            require(policy, selected.Length > 0, "podSelector selects no pod");
            foreach (var rule in policy.Spec.Ingress ?? [])
            {
                require(policy, Serve(selected, rule.Ports), "lets in on a port that no selected pod serves");
                require(policy, (rule.FromProperty ?? []).Where(IsOwn).All(peer => Pods(peer).Any()), "from selects no pod");
            }

            foreach (var (rule, peer) in (policy.Spec.Egress ?? []).SelectMany(rule => (rule.To ?? []).Where(IsOwn), (rule, peer) => (rule, peer)))
            {
                require(policy, Pods(peer).Any(), "to selects no pod");
                require(policy, Serve(Pods(peer), rule.Ports), "lets out to a port that no selected pod serves");
            }
        }

        IEnumerable<Workload> Pods(V1NetworkPolicyPeer peer) => overlay.Workloads.Where(app => app.IsSelectedBy(peer.PodSelector));
        static bool IsOwn(V1NetworkPolicyPeer peer) => peer is { PodSelector: not null, NamespaceSelector: null, IpBlock: null };
        static bool Serve(IEnumerable<Workload> apps, IList<V1NetworkPolicyPort>? ports) =>
            (ports ?? []).Select(port => port.Port?.Value).OfType<string>().All(port => apps.Any(app => app.Serves(port)));
    }

    private static void Scaling(Overlay overlay, Require require)
    {
        foreach (var (scaled, spec) in overlay.All<ScaledObject>().Select(scaled => (scaled, scaled.Spec)))
        {
            var target = spec.ScaleTargetRef;
            var app = overlay.Workloads.FirstOrDefault(one => one.Kind == (target.Kind ?? "Deployment") && one.Name == target.Name);
            var (least, most) = (spec.MinReplicaCount ?? 0, spec.MaxReplicaCount ?? 100);
            require(scaled, app is not null, "its target is missing");
            require(scaled, app?.Replicas is null, $"decides about the replicas of {app}, which states them too");
            require(scaled, least >= 0 && least <= most, "minReplicaCount must be 0 to maxReplicaCount");
            require(scaled, spec is { PollingInterval: null or >= 1, CooldownPeriod: null or >= 0 }, "pollingInterval or cooldownPeriod is too low");
            require(scaled, spec.Fallback is null or { FailureThreshold: >= 0, Replicas: >= 0 }, "fallback has a negative number");
        }
    }

    private static void TriggerSettings(Overlay overlay, Require require)
    {
        foreach (var scaled in overlay.All<ScaledObject>())
        {
            require(scaled, scaled.Spec.Triggers.Count > 0, "has no trigger");
            foreach (var (trigger, reference) in scaled.Spec.Triggers.Select(trigger => (trigger, trigger.AuthenticationRef)))
            {
                var isKnown = Triggers.TryGetValue(trigger.Type, out var settings);
                require(scaled, isKnown, $"the settings of trigger {trigger.Type} are not known in {nameof(Rules)}.{nameof(Triggers)}");
                require(scaled, !isKnown || settings.Required.All(trigger.Metadata.ContainsKey), "a required setting of its trigger is missing");
                var unknown = isKnown ? trigger.Metadata.Keys.Except([.. settings.Required, .. settings.Optional]) : [];
                require(scaled, !unknown.Any(), "a setting of its trigger is unknown");
                var numbers = trigger.Metadata.Where(pair => NumericSetting().IsMatch(pair.Key)).Select(pair => pair.Value);
                require(scaled, numbers.All(value => double.TryParse(value, CultureInfo.InvariantCulture, out _)), "a threshold is no number");
                var isOther = reference?.Kind is null or ScaledObject.AuthenticationKind.ClusterTriggerAuthentication;
                require(scaled, isOther || overlay.Find<TriggerAuthentication>(reference!.Name) is not null, "its TriggerAuthentication is missing");
            }
        }
    }

    private static void Services(Overlay overlay, Require require)
    {
        foreach (var service in overlay.All<V1Service>())
        {
            var selector = service.Spec.Selector is { Count: > 0 } labels ? new V1LabelSelector { MatchLabels = labels } : null;
            var apps = overlay.Workloads.Where(app => app.IsSelectedBy(selector)).ToArray();
            var targets = service.Spec.Ports.Select(port => port.TargetPort?.Value ?? port.Port.ToString(CultureInfo.InvariantCulture));
            require(service, apps.Length > 0, "selects no pod");
            require(service, targets.All(port => apps.All(app => app.Serves(port))), "leads to a port that its pods do not serve");
        }

        foreach (var set in overlay.All<V1StatefulSet>())
        {
            require(set, overlay.Find<V1Service>(set.Spec.ServiceName) is not null, $"there is no Service '{set.Spec.ServiceName}'");
        }
    }

    private static void Ingresses(Overlay overlay, Require require)
    {
        foreach (var ingress in overlay.All<V1Ingress>())
        {
            var secrets = (ingress.Spec.Tls ?? []).Select(tls => tls.SecretName).OfType<string>();
            require(ingress, ingress.Spec.Tls is { Count: > 0 }, "has no tls");
            require(ingress, secrets.All(name => HasSecret(overlay, name)), "the Secret of its tls is missing");
            var backends = (ingress.Spec.Rules ?? []).SelectMany(rule => rule.Http?.Paths ?? []).Select(path => path.Backend);
            foreach (var service in backends.Append(ingress.Spec.DefaultBackend).Select(one => one?.Service).OfType<V1IngressServiceBackend>())
            {
                var (port, served) = (service.Port, overlay.Find<V1Service>(service.Name)?.Spec.Ports ?? []);
                var isServed = served.Any(one => port?.Name is null ? one.Port == port?.Number : one.Name == port.Name);
                require(ingress, isServed, $"leads to a port that Service/{service.Name} does not have");
            }
        }
    }

    private static void Selectors(Overlay overlay, Require require)
    {
        foreach (var app in overlay.Workloads)
        {
            require(app, !app.Selector.IsEmpty() && app.IsSelectedBy(app.Selector), "does not select its own pods");
            require(app, !overlay.Workloads.Any(other => other != app && other.IsSelectedBy(app.Selector)), "selects the pods of another workload");
        }
    }

    private static void PodReferences(Overlay overlay, Require require)
    {
        foreach (var (app, pod) in overlay.Workloads.Select(app => (app, app.Pod)))
        {
            var volumes = pod.Volumes ?? [];
            var sources = app.Containers.SelectMany(one => one.EnvFrom ?? []).ToArray();
            var mounts = app.Containers.SelectMany(one => one.VolumeMounts ?? []).Select(mount => mount.Name);
            var maps = volumes.Select(volume => volume.ConfigMap?.Name).Concat(sources.Select(source => source.ConfigMapRef?.Name)).OfType<string>();
            var secrets = volumes.Select(one => one.Secret?.SecretName).Concat(sources.Select(one => one.SecretRef?.Name)).OfType<string>();
            var claims = volumes.Select(volume => volume.PersistentVolumeClaim?.ClaimName).OfType<string>();
            var account = pod.ServiceAccountName;
            require(app, account is null || overlay.Find<V1ServiceAccount>(account) is not null, "its ServiceAccount is missing");
            require(app, !mounts.Except([.. volumes.Select(volume => volume.Name), .. app.Claims]).Any(), "mounts a volume that it does not have");
            require(app, maps.All(name => overlay.Find<V1ConfigMap>(name) is not null), "a ConfigMap is missing");
            require(app, secrets.All(name => HasSecret(overlay, name)), "a Secret is missing");
            require(app, claims.All(name => overlay.Find<V1PersistentVolumeClaim>(name) is not null), "a PersistentVolumeClaim is missing");
        }
    }

    private static void Variables(Overlay overlay, Require require)
    {
        foreach (var (app, container) in Containers(overlay))
        {
            var maps = (container.EnvFrom ?? []).Select(source => overlay.Find<V1ConfigMap>(source.ConfigMapRef?.Name)?.Data);
            var defined = maps.SelectMany(data => data?.Keys ?? []).ToHashSet();
            foreach (var (variable, source) in (container.Env ?? []).Select(variable => (variable, variable.ValueFrom)))
            {
                var isInSecret = source?.SecretKeyRef is not { } secret || HasSecret(overlay, secret.Name, secret.Key);
                var isInMap = source?.ConfigMapKeyRef is not { } map || overlay.Find<V1ConfigMap>(map.Name)?.Data?.ContainsKey(map.Key) is true;
                require(app, isInSecret && isInMap, $"the Secret, ConfigMap or key that {variable.Name} names is missing");
                require(app, References(variable.Value).All(defined.Contains), $"{variable.Name} refers to a variable that is not defined before it");
                defined.Add(variable.Name);
            }

            var words = (container.Command ?? []).Concat(container.Args ?? []);
            require(app, words.SelectMany(References).All(defined.Contains), "the command line refers to a variable that is not defined");
        }

        static IEnumerable<string> References(string? text) => Reference().Matches(text ?? "").Select(match => match.Groups[1].Value);
    }

    private static void Credentials(Overlay overlay, Require require)
    {
        foreach (var one in overlay.All<TriggerAuthentication>())
        {
            require(one, (one.Spec.SecretTargetRef ?? []).All(source => HasSecret(overlay, source.Name, source.Key)), "a Secret or key is missing");
        }
    }

    private static void Monitors(Overlay overlay, Require require)
    {
        foreach (var monitor in overlay.All<ServiceMonitor>())
        {
            var services = overlay.All<V1Service>().Where(service => monitor.Spec.Selector.Matches(service.Metadata.Labels)).ToArray();
            require(monitor, services.Length > 0, "selects no Service");
            require(monitor, monitor.Spec.Endpoints.Count > 0, "has no endpoint");
            foreach (var endpoint in monitor.Spec.Endpoints)
            {
                require(monitor, services.All(one => one.Spec.Ports.Any(port => port.Name == endpoint.Port)), "a Service has no such port");
                var key = endpoint.Authorization?.Credentials;
                require(monitor, key is not null && HasSecret(overlay, key.Name, key.Key), "has no API key, or its Secret or key is missing");
                require(monitor, IsDuration(endpoint.Interval) && IsDuration(endpoint.ScrapeTimeout), "a time is no duration of Prometheus");
            }
        }
    }

    private static void Alerts(Overlay overlay, Require require)
    {
        foreach (var rules in overlay.All<PrometheusRule>())
        {
            require(rules, rules.Spec.Groups.All(group => IsDuration(group.Interval)), "an interval is no duration of Prometheus");
            var alerts = rules.Rules.Select(rule => rule.Alert).OfType<string>().ToArray();
            require(rules, alerts.Length == alerts.Distinct().Count(), "has an alert twice");
            foreach (var rule in rules.Rules)
            {
                require(rules, rule.Alert is null != rule.Record is null, "a rule must be either an alert or a record");
                require(rules, IsDuration(rule.For), $"'for' of {rule.Alert} is no duration of Prometheus");
                var severity = Text(rule.Labels, "severity");
                require(rules, rule.Alert is null || severity is "info" or "warning" or "critical", $"{rule.Alert} has no known severity");
                foreach (var name in new[] { "summary", "description" })
                {
                    require(rules, rule.Alert is null || Text(rule.Annotations, name) is not null, $"{rule.Alert} has no {name}");
                }
            }
        }

        static string? Text(IDictionary<string, string>? texts, string name) => texts?.TryGetValue(name, out var text) is true ? text : null;
    }

    private static IEnumerable<(Workload Workload, V1Container Container)> Containers(Overlay overlay) =>
        overlay.Workloads.SelectMany(app => app.Containers, (app, container) => (app, container));

    private static bool IsDuration(string? text) => text is null || Duration().IsMatch(text);

    /// <summary>In the overlay, created by an ExternalSecret, or listed on the namespace as created beforehand.</summary>
    private static bool HasSecret(Overlay overlay, string name, string? key = null)
    {
        var made = overlay.All<ExternalSecret>().FirstOrDefault(one => (one.Spec.Target?.Name ?? one.Metadata.Name) == name)?.Spec.Data;
        var beforehand = overlay.All<V1Namespace>().SelectMany(one => one.Metadata.Annotations ?? new Dictionary<string, string>())
            .Where(pair => pair.Key == "fanout/secrets-made-beforehand").SelectMany(pair => pair.Value.Split(',', StringSplitOptions.TrimEntries));
        return overlay.Find<V1Secret>(name) is not null || beforehand.Contains(name) || made?.Any(one => key is null || one.SecretKey == key) is true;
    }

    [GeneratedRegex("(password|passwd|secret|token|api_?key|private_?key|auth)$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"\b(password|pwd|accesskey|sharedaccesskey|accountkey)\s*=\s*(?!\$\()[^\s;,]+", RegexOptions.IgnoreCase)]
    private static partial Regex Assignment();

    [GeneratedRegex("^--?(requirepass|password|masterauth)$", RegexOptions.IgnoreCase)]
    private static partial Regex PasswordOption();

    [GeneratedRegex(@"^\$\([A-Za-z0-9_]+\)$")]
    private static partial Regex OneReference();

    [GeneratedRegex(@"(?<!\$)\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")]
    private static partial Regex Reference();

    [GeneratedRegex("^(activation)?(threshold|lagCount)$", RegexOptions.IgnoreCase)]
    private static partial Regex NumericSetting();

    [GeneratedRegex("^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$")]
    private static partial Regex Duration();
}

using FanOut.Cli.Kubernetes;
using Xunit;

namespace FanOut.Kubernetes.Tests;

/// <summary>For each rule a manifest that breaks it, and nothing else.</summary>
public sealed class RuleTests(Overlays overlays) : IClassFixture<Overlays>
{
    private const string Container = "spec.template.spec.containers[0]";

    [Fact]
    public void The_overlays_are_without_fault()
    {
        Assert.Equal(["dev", "production", "production-redis-scaler"], overlays.Names);
        Assert.All(overlays.Names, name => Assert.Empty(OverlayValidator.Validate(overlays.Copy(name))));
    }

    [Theory]

    // Schema: Kubernetes' own types.
    [InlineData("Deployment/order-api", Container + ".imagee", "\"x\"", "[schema]", "unknown field; did you mean 'image'?")]
    [InlineData("Deployment/order-api", "spec.template.spec.terminationGracePeriod", "60", "[schema]", "unknown field")]
    [InlineData("Deployment/order-api", "metadata.lables", "{}", "[schema]", "did you mean 'labels'?")]
    [InlineData("Deployment/order-api", "spec.replicas", "\"3\"", "[schema]", "spec.replicas: must be a whole number, but is the text '3'.")]
    [InlineData("Deployment/order-api", Container + ".env[0].value", "5", "[schema]", "must be text (in quotes, if it looks like a number or a boolean), but is 5.")]
    [InlineData("Deployment/order-api", Container + ".resources.limits.memory", "\"512Mb\"", "[schema]", "must be a quantity, such as 250m or 512Mi, but is the text '512Mb'.")]
    [InlineData("Deployment/order-api", Container + ".ports", "{}", "[schema]", "must be a list, but is an object.")]
    [InlineData("Deployment/order-api", Container + ".ports[0].containerPort", null, "[schema]", "ports[0].containerPort: is missing, and must be there.")]
    [InlineData("Deployment/order-api", "spec.selector", null, "[schema]", "spec.selector: is missing, and must be there.")]
    [InlineData("Deployment/order-api", "metadata.name", null, "[schema]", "metadata.name: is missing, and must be there.")]
    [InlineData("Deployment/order-api", "apiVersion", "\"extensions/v1beta1\"", "[schema]", "there is no Deployment in 'extensions/v1beta1'; it is known in apps/v1.")]
    [InlineData("Deployment/order-api", "kind", "\"Deploymnt\"", "[schema]", "the kind 'Deploymnt' of 'apps/v1' is not known here")]
    [InlineData("Service/order-api", "spec.ports[0].protocol", "\"TPC\"", "[schema]", "is 'TPC', but must be one of TCP, UDP, SCTP.")]
    [InlineData("NetworkPolicy/default-deny", "spec.policyTypes[0]", "\"Ingres\"", "[schema]", "is 'Ingres', but must be one of Ingress, Egress.")]
    [InlineData("ConfigMap/fanout-dashboard", "data['fanout.json']", "{}", "[schema]", "data['fanout.json']: must be text")]

    // Schema: the operators' types.
    [InlineData("ScaledObject/webhook-worker", "spec.maxReplicasCount", "8", "[schema]", "spec.maxReplicasCount: unknown field; did you mean 'maxReplicaCount'?")]
    [InlineData("ScaledObject/webhook-worker", "spec.triggers[0].metadata.threshold", "5000", "[schema]", "metadata['threshold']: must be text")]
    [InlineData("ScaledObject/webhook-worker", "spec.scaleTargetRef.name", null, "[schema]", "spec.scaleTargetRef.name: is missing, and must be there.")]
    [InlineData("ScaledObject/webhook-worker", "spec.fallback.behavior", "\"none\"", "[schema]", "spec.fallback.behavior: must be static, currentReplicas")]
    [InlineData("ScaledObject/webhook-worker", "spec.triggers", "[]", "[schema]", "spec.triggers: must have at least one trigger.")]
    [InlineData("ScaledObject/webhook-worker", "spec.pollingInterval", "0", "[schema]", "spec.pollingInterval: must be 1 or more seconds.")]
    [InlineData("ScaledObject/webhook-worker", "spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown.policies[0].type", "\"Pod\"", "[schema]", "is 'Pod', but must be one of Pods, Percent.")]
    [InlineData("ServiceMonitor/fanout", "spec.endpoints[0].interval", "\"15 s\"", "[schema]", "must be a duration of Prometheus")]
    [InlineData("ServiceMonitor/fanout", "spec.endpoint", "[]", "[schema]", "spec.endpoint: unknown field; did you mean 'endpoints'?")]
    [InlineData("PrometheusRule/fanout", "spec.groups[0].rules[0].expression", "\"up\"", "[schema]", "spec.groups[0].rules[0].expression: unknown field")]
    [InlineData("PrometheusRule/fanout", "spec.groups[0].rules[0].expr", null, "[schema]", "spec.groups[0].rules[0].expr: is missing, and must be there.")]
    [InlineData("ExternalSecret/fanout-connections", "spec.data[0].remoteRef.property", "1", "[schema]", "spec.data[0].remoteRef.property: must be text")]

    // Probes.
    [InlineData("Deployment/order-api", Container + ".startupProbe", null, "[probes]", "container 'app' has no startupProbe.")]
    [InlineData("Deployment/order-api", Container + ".readinessProbe", null, "[probes]", "container 'app' has no readinessProbe.")]
    [InlineData("Deployment/order-api", Container + ".livenessProbe", null, "[probes]", "container 'app' has no livenessProbe.")]
    [InlineData("Deployment/order-api", Container + ".livenessProbe.httpGet.path", "\"/health\"", "[probes]", "livenessProbe: asks the same as readinessProbe (GET /health)")]
    [InlineData("Deployment/order-api", Container + ".livenessProbe.httpGet.port", "\"https\"", "[probes]", "asks port 'https', which the pod does not serve.")]
    [InlineData("Deployment/order-api", Container + ".livenessProbe.httpGet", null, "[probes]", "livenessProbe: asks nothing")]

    // Resources.
    [InlineData("Deployment/order-api", Container + ".resources.limits", null, "[resources]", "must state its limits of memory.")]
    [InlineData("Deployment/order-api", Container + ".resources.requests.cpu", null, "[resources]", "must state its requests of cpu.")]
    [InlineData("Deployment/order-api", Container + ".resources.limits.memory", "\"64Mi\"", "[resources]", "is 64Mi, which is below what it requests, 192Mi.")]

    // Images.
    [InlineData("Deployment/order-api", Container + ".image", "\"registry.example.com:5000/fanout/order-api\"", "[images]", "has no tag: name a version.")]
    [InlineData("Deployment/order-api", Container + ".image", "\"fanout/order-api:latest\"", "[images]", "is latest, which is another image tomorrow")]

    // Plain secrets.
    [InlineData("Deployment/order-api", Container + ".env[-]", """{ "name": "Smtp__Password", "value": "hunter2" }""", "[plain secrets]", "env['Smtp__Password']: holds a secret in the clear")]
    [InlineData("Deployment/order-api", Container + ".env[-]", """{ "name": "ConnectionStrings__other", "value": "Host=x;Password=hunter2" }""", "[plain secrets]", "env['ConnectionStrings__other']: holds a secret in the clear")]
    [InlineData("Deployment/order-api", Container + ".args", """["--password", "hunter2"]""", "[plain secrets]", "the command line of container 'app' holds a secret in the clear")]
    [InlineData("ConfigMap/fanout-dashboard", "data['cache']", "\"redis:6379,password=hunter2\"", "[plain secrets]", "data['cache']: holds a secret in the clear")]

    // Hardening.
    [InlineData("Deployment/order-api", "spec.template.spec.securityContext.runAsNonRoot", null, "[hardening]", "securityContext.runAsNonRoot: must be true")]
    [InlineData("Deployment/order-api", "spec.template.spec.securityContext.runAsUser", "0", "[hardening]", "securityContext.runAsUser: must be a user's number other than 0")]
    [InlineData("Deployment/order-api", Container + ".securityContext.readOnlyRootFilesystem", "false", "[hardening]", "readOnlyRootFilesystem: must be true")]
    [InlineData("Deployment/order-api", Container + ".securityContext.allowPrivilegeEscalation", null, "[hardening]", "allowPrivilegeEscalation: must be false.")]
    [InlineData("Deployment/order-api", Container + ".securityContext.privileged", "true", "[hardening]", "privileged: must not be true.")]
    [InlineData("Deployment/order-api", Container + ".securityContext.capabilities.drop[0]", "\"NET_RAW\"", "[hardening]", "capabilities: must drop ALL and add none.")]
    [InlineData("Deployment/order-api", "spec.template.spec.securityContext.seccompProfile", null, "[hardening]", "seccompProfile.type: must be RuntimeDefault")]
    [InlineData("Deployment/order-api", "spec.template.spec.automountServiceAccountToken", "true", "[hardening]", "automountServiceAccountToken: must be false")]
    [InlineData("Deployment/order-api", "spec.template.spec.serviceAccountName", null, "[hardening]", "serviceAccountName: must name an account of the service's own.")]
    [InlineData("Deployment/order-api", "spec.template.spec.hostNetwork", "true", "[hardening]", "hostNetwork: must not be on")]
    [InlineData("Deployment/order-api", "spec.template.spec.volumes", """[{ "name": "node", "hostPath": { "path": "/" } }]""", "[hardening]", "volumes['node'].hostPath: must not be used")]

    // Grace period.
    [InlineData("Deployment/order-api", "spec.template.spec.terminationGracePeriodSeconds", "39", "[grace period]", "is 39, but must be at least 40: 5 s of preStop, 30 s to finish a batch")]
    [InlineData("Deployment/order-api", "spec.template.spec.terminationGracePeriodSeconds", null, "[grace period]", "is 30, but must be at least 40")]

    // Disruption.
    [InlineData("Deployment/order-api", "spec.template.spec.topologySpreadConstraints", null, "[disruption]", "all 3 replicas could run on one node.")]
    [InlineData("Deployment/order-api", "spec.template.spec.topologySpreadConstraints[0].labelSelector.matchLabels['app.kubernetes.io/name']", "\"other\"", "[disruption]", "does not select the pods themselves")]
    [InlineData("PodDisruptionBudget/order-api", "spec.maxUnavailable", "0", "[disruption]", "lets no pod go: a node could never be drained.")]
    [InlineData("Deployment/webhook-worker", "spec.template.spec.topologySpreadConstraints", null, "[disruption]", "all 2 replicas could run on one node.")]

    // Network policies.
    [InlineData("NetworkPolicy/default-deny", "spec.podSelector", """{ "matchLabels": { "app.kubernetes.io/name": "order-api" } }""", "[network policy]", "has no NetworkPolicy that denies ingress and egress of all pods")]
    [InlineData("NetworkPolicy/order-api-from-ingress", "spec.ingress[0].ports[0].port", "80", "[network policy]", "spec.ingress[0].ports: lets in on port 80, which no selected pod serves.")]
    [InlineData("NetworkPolicy/order-api-from-ingress", "spec.podSelector.matchLabels['app.kubernetes.io/name']", "\"order-app\"", "[network policy]", "spec.podSelector: selects no pod of this overlay.")]
    [InlineData("NetworkPolicy/order-api-from-ingress", "spec.ingress[0].from[0]", """{ "podSelector": { "matchLabels": { "app": "x" } } }""", "[network policy]", "spec.ingress[0].from: selects no pod of this overlay.")]
    [InlineData("NetworkPolicy/services-to-data", "spec.egress[0].to[0]", """{ "podSelector": { "matchLabels": { "app": "x" } } }""", "[network policy]", "spec.egress[0].to: selects no pod of this overlay.")]

    // Scaling.
    [InlineData("ScaledObject/webhook-worker", "spec.scaleTargetRef.name", "\"webhooks\"", "[scaling]", "there is no Deployment 'webhooks' to scale.")]
    [InlineData("Deployment/webhook-worker", "spec.replicas", "2", "[scaling]", "spec.replicas: must be left out: ScaledObject 'webhook-worker' decides")]
    [InlineData("ScaledObject/webhook-worker", "spec.maxReplicaCount", "9", "[scaling]", "env['EventBus__Consumer__Replicas']: is 8, but ScaledObject 'webhook-worker' goes up to 9.")]
    [InlineData("ScaledObject/webhook-worker", "spec.minReplicaCount", "9", "[scaling]", "spec.minReplicaCount: is 9, above maxReplicaCount, 8.")]
    [InlineData("ScaledObject/webhook-worker", "spec.triggers[0].metadata['query']", null, "[scaling]", "metadata.query is missing, and trigger 'prometheus' needs it.")]
    [InlineData("ScaledObject/webhook-worker", "spec.triggers[0].metadata['treshold']", "\"1\"", "[scaling]", "metadata.treshold is no setting of trigger 'prometheus'.")]
    [InlineData("ScaledObject/webhook-worker", "spec.triggers[0].metadata['threshold']", "\"many\"", "[scaling]", "metadata.threshold is 'many', but must be a number.")]
    [InlineData("ScaledObject/webhook-worker", "spec.triggers[0].type", "\"kafka\"", "[scaling]", "the settings of trigger 'kafka' are not known here")]
    [InlineData("ScaledObject/webhook-worker", "spec.triggers[0].authenticationRef", """{ "name": "nobody" }""", "[scaling]", "there is no TriggerAuthentication 'nobody'.")]

    // Services.
    [InlineData("Service/order-api", "spec.ports[0].targetPort", "\"https\"", "[services]", "targetPort: is 'https', which Deployment/order-api does not serve.")]
    [InlineData("Service/order-api", "spec.selector['app.kubernetes.io/name']", "\"order-app\"", "[services]", "spec.selector: selects no pod of this overlay.")]
    [InlineData("Ingress/order-api", "spec.rules[0].http.paths[0].backend.service.port.name", "\"https\"", "[services]", "leads to port 'https' of service 'order-api', which is not there.")]
    [InlineData("Ingress/order-api", "spec.tls", null, "[services]", "spec.tls: is missing")]

    // Selectors.
    [InlineData("Deployment/order-api", "spec.selector.matchLabels['app.kubernetes.io/name']", "\"order-app\"", "[selectors]", "spec.selector: does not select the pods of its own template.")]
    [InlineData("Deployment/order-api", "spec.selector.matchLabels", """{ "app.kubernetes.io/part-of": "fanout" }""", "[selectors]", "selects the pods of Deployment/reclaimer too.")]

    // References.
    [InlineData("Deployment/order-api", Container + ".envFrom[0].configMapRef.name", "\"settings\"", "[references]", "envFrom: there is no ConfigMap 'settings'.")]
    [InlineData("Deployment/order-api", Container + ".env[-]", """{ "name": "A", "valueFrom": { "secretKeyRef": { "name": "other", "key": "a" } } }""", "[references]", "env['A']: there is no Secret 'other': make it with an ExternalSecret")]
    [InlineData("Deployment/order-api", Container + ".env[-]", """{ "name": "A", "valueFrom": { "secretKeyRef": { "name": "fanout-connections", "key": "a" } } }""", "[references]", "the ExternalSecret of 'fanout-connections' has no 'a'.")]
    [InlineData("Deployment/order-api", Container + ".env[-]", """{ "name": "A", "valueFrom": { "configMapKeyRef": { "name": "fanout-dashboard", "key": "a" } } }""", "[references]", "ConfigMap 'fanout-dashboard' has no 'a'.")]
    [InlineData("Deployment/order-api", Container + ".env[-]", """{ "name": "A", "value": "$(LATER)" }""", "[references]", "env['A']: refers to $(LATER), which is not defined before it")]
    [InlineData("Deployment/order-api", Container + ".args", """["$(NOTHING)"]""", "[references]", "refers to $(NOTHING), which is not defined.")]
    [InlineData("Deployment/order-api", "spec.template.spec.serviceAccountName", "\"someone\"", "[references]", "there is no ServiceAccount 'someone'.")]
    [InlineData("Deployment/order-api", Container + ".volumeMounts", """[{ "name": "data", "mountPath": "/data" }]""", "[references]", "volumeMounts: there is no volume 'data'.")]
    [InlineData("Deployment/order-api", "spec.template.spec.volumes", """[{ "name": "data", "persistentVolumeClaim": { "claimName": "data" } }]""", "[references]", "there is no PersistentVolumeClaim 'data'.")]
    [InlineData("Ingress/order-api", "spec.tls[0].secretName", "\"other-tls\"", "[references]", "spec.tls: there is no Secret 'other-tls'")]

    // Monitoring.
    [InlineData("ServiceMonitor/fanout", "spec.endpoints[0].port", "\"metrics\"", "[monitoring]", "spec.endpoints[0].port: is 'metrics', which Service/")]
    [InlineData("ServiceMonitor/fanout", "spec.selector.matchLabels['app.kubernetes.io/part-of']", "\"other\"", "[monitoring]", "spec.selector: selects no Service of this overlay.")]
    [InlineData("PrometheusRule/fanout", "spec.groups[0].rules[0].labels.severity", "\"bad\"", "[monitoring]", "alert 'FanOutGroupBehind' must have a label severity")]
    [InlineData("PrometheusRule/fanout", "spec.groups[0].rules[0].annotations.summary", null, "[monitoring]", "alert 'FanOutGroupBehind' must have an annotation summary.")]
    [InlineData("PrometheusRule/fanout", "spec.groups[0].rules[0].alert", null, "[monitoring]", "must be either an alert or a record.")]
    [InlineData("PrometheusRule/fanout", "spec.groups[0].rules[1].alert", "\"FanOutGroupBehind\"", "[monitoring]", "has more than one alert 'FanOutGroupBehind'.")]
    public void A_broken_manifest_fails_with_its_reason(string name, string path, string? json, string rule, string message)
    {
        var overlay = overlays.Copy("production");
        overlay.Set(name, path, json);

        var findings = OverlayValidator.Validate(overlay);

        Assert.Contains(findings, finding => finding.ToString().Contains(message, StringComparison.Ordinal) && finding.ToString().EndsWith(rule, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("NetworkPolicy/default-deny", "overlay 'production' has no NetworkPolicy that denies ingress and egress of all pods (podSelector: {}). [network policy]")]
    [InlineData("PodDisruptionBudget/order-api", "has 3 replicas and no PodDisruptionBudget: draining nodes could stop them all. [disruption]")]
    [InlineData("ServiceAccount/order-api", "there is no ServiceAccount 'order-api'. [references]")]
    [InlineData("ExternalSecret/fanout-connections", "there is no Secret 'fanout-connections'")]
    [InlineData("Deployment/order-api", "selects no pod of this overlay. [services]")]
    public void What_is_missing_is_missed(string name, string message)
    {
        var findings = OverlayValidator.Validate(overlays.Copy("production").Without(name));

        Assert.Contains(findings, finding => finding.ToString().Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void A_workload_that_no_policy_names_is_found()
    {
        var findings = OverlayValidator.Validate(overlays.Copy("dev").Without("NetworkPolicy/redis-from-services").Without("NetworkPolicy/services-to-redis"));

        Assert.Equal("StatefulSet/redis", Assert.Single(findings).Manifest?.ToString());
        Assert.Equal("no NetworkPolicy says what it may reach or what may reach it.", findings[0].Message);
    }

    [Fact]
    public void A_workload_that_anyone_may_call_is_found()
    {
        var findings = OverlayValidator.Validate(overlays.Copy("dev").Without("NetworkPolicy/default-deny"));

        Assert.Contains(findings, finding => finding.Manifest?.ToString() == "Deployment/analytics-worker" && finding.Message == "no NetworkPolicy covers its Ingress: anything goes.");
    }

    [Fact]
    public void A_Secret_with_content_is_found()
    {
        var findings = OverlayValidator.Validate(overlays.Copy("production").With("""{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" }, "stringData": { "a": "b" } }"""));

        Assert.Equal("added.yaml: Secret/s: stringData: holds a secret in the clear: use an ExternalSecret, or make it beforehand and name it on the namespace. [plain secrets]", Assert.Single(findings).ToString());
    }

    [Fact]
    public void A_worker_that_does_not_say_how_many_it_may_be_is_found()
    {
        var overlay = overlays.Copy("production");
        overlay.Set("Deployment/webhook-worker", Container + ".env", """[{ "name": "POD_NAME", "value": "x" }]""");

        Assert.Contains(OverlayValidator.Validate(overlay), finding => finding.Message.Contains("PauseAbove is checked against that", StringComparison.Ordinal));
    }

    [Fact]
    public void A_set_without_its_service_is_found()
    {
        Assert.Contains(OverlayValidator.Validate(overlays.Copy("dev").Without("Service/redis")), finding => finding.Message == "there is no Service 'redis'.");
    }

    [Fact]
    public void A_scaler_s_credentials_must_be_there()
    {
        var findings = OverlayValidator.Validate(overlays.Copy("production-redis-scaler").Without("ExternalSecret/fanout-redis-scaler"));

        Assert.NotEmpty(findings);
        Assert.All(findings, finding => Assert.Equal(("TriggerAuthentication/fanout-redis", "spec.secretTargetRef"), (finding.Manifest?.ToString(), finding.Path)));
    }
}

using System.Text.Json.Nodes;
using Xunit;

namespace FanOut.Kubernetes.Tests;

/// <summary>Each overlay keeps the API's schema and our rules, and each rule finds a manifest that breaks it.</summary>
public sealed class RuleTests(Overlays overlays) : IClassFixture<Overlays>
{
    private const string Api = "Deployment/order-api";
    private const string Worker = "Deployment/webhook-worker";
    private const string Scaler = "ScaledObject/webhook-worker";
    private const string Policy = "NetworkPolicy/order-api-from-ingress";
    private const string Pod = "spec/template/spec/";
    private const string App = Pod + "containers/0/";
    private const string NameLabel = "app.kubernetes.io~1name";

    [Fact]
    public void Every_overlay_keeps_the_schema_and_the_rules()
    {
        Assert.Superset(new HashSet<string> { "dev", "production", "production-redis-scaler" }, overlays.Names.ToHashSet());
        Assert.All(overlays.Names, name => Assert.Empty(Rules.Check(overlays.Read(name))));
    }

    [Theory]
    [InlineData(Api, App + "imagee", "x", "'imagee' could not be mapped")]
    [InlineData(Api, Pod + "terminationGracePeriod", "60", "'terminationGracePeriod' could not be mapped")]
    [InlineData(Api, "metadata/lables", "{}", "'lables' could not be mapped")]
    [InlineData(Api, "spec/replicas", "'3'", "$.spec.replicas: The JSON value could not be converted")]
    [InlineData(Api, App + "env/0/value", "5", "$.spec.template.spec.containers[0].env[0].value: The JSON value could not be converted")]
    [InlineData(Api, App + "resources/limits/memory", "512Mb", "unable to parse quantity")]
    [InlineData(Api, App + "ports", "{}", "containers[0].ports: The JSON value could not be converted")]
    [InlineData(Api, App + "ports/0/containerPort", null, "missing required properties including: 'containerPort'")]
    [InlineData(Api, "spec/selector", null, "missing required properties including: 'selector'")]
    [InlineData(Api, "metadata/name", null, "metadata.name is missing")]
    [InlineData(Api, "apiVersion", "extensions/v1beta1", "extensions/v1beta1/Deployment is not known")]
    [InlineData(Api, "kind", "Deploymnt", "apps/v1/Deploymnt is not known")]
    [InlineData("Service/order-api", "spec/ports/0/protocol", "TPC", "protocol is 'TPC', but must be one of: TCP UDP SCTP")]
    [InlineData("NetworkPolicy/default-deny", "spec/policyTypes/0", "Ingres", "policyTypes is 'Ingres', but must be one of: Ingress Egress")]
    [InlineData("ConfigMap/fanout-dashboard", "data/fanout.json", "{}", "The JSON value could not be converted to System.String")]
    [InlineData(Scaler, "spec/maxReplicasCount", "8", "'maxReplicasCount' could not be mapped")]
    [InlineData(Scaler, "spec/triggers/0/metadata/threshold", "5000", "triggers[0].metadata.threshold: The JSON value could not be converted")]
    [InlineData(Scaler, "spec/scaleTargetRef/name", null, "missing required properties including: 'name'")]
    [InlineData(Scaler, "spec/fallback/behavior", "none", "spec.fallback.behavior: The JSON value could not be converted")]
    [InlineData(Scaler, "spec/advanced/horizontalPodAutoscalerConfig/behavior/scaleDown/policies/0/type", "Pod", "must be one of: Pods Percent")]
    [InlineData("ServiceMonitor/fanout", "spec/endpoint", "[]", "'endpoint' could not be mapped")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/rules/0/expression", "up", "'expression' could not be mapped")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/rules/0/expr", null, "missing required properties including: 'expr'")]
    [InlineData("ExternalSecret/order-api-connections", "spec/data/0/remoteRef/property", "1", "remoteRef.property: The JSON value")]
    public void A_manifest_that_the_API_would_refuse_is_found(string name, string path, string? yaml, string error)
    {
        var found = Assert.Single(new Overlay(Broken("production", name, path, yaml)).SchemaErrors);

        Assert.Contains(error, found, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Api, App + "startupProbe", null, "has no startupProbe")]
    [InlineData(Api, App + "readinessProbe", null, "has no readinessProbe")]
    [InlineData(Api, App + "livenessProbe", null, "has no livenessProbe")]
    [InlineData(Api, App + "livenessProbe/httpGet/path", "/health", "livenessProbe asks the same as readinessProbe")]
    [InlineData(Api, App + "livenessProbe/httpGet/port", "https", "livenessProbe asks a port that the pod does not serve")]
    [InlineData(Api, App + "livenessProbe/httpGet", null, "livenessProbe asks nothing")]
    [InlineData(Api, App + "resources/limits", null, "has no limit of memory")]
    [InlineData(Api, App + "resources/requests/cpu", null, "requests no cpu")]
    [InlineData(Api, App + "resources/requests/memory", null, "requests no memory")]
    [InlineData(Api, App + "resources/limits/memory", "64Mi", "the limit of memory is below the request")]
    [InlineData(Api, App + "image", "registry.example.com:5000/fanout/order-api", "names no version")]
    [InlineData(Api, App + "image", "fanout/order-api:latest", "names no version")]
    [InlineData(Api, App + "env/-", "{ name: Smtp__Password, value: hunter2 }", "Smtp__Password holds a secret in plain text")]
    [InlineData(Api, App + "env/-", "{ name: Other, value: Host=x;Password=hunter2 }", "Other holds a secret in plain text")]
    [InlineData(Api, App + "args", "[--password, hunter2]", "the command line holds a secret in plain text")]
    [InlineData("ConfigMap/fanout-dashboard", "data/cache", "'redis:6379,password=hunter2'", "holds a secret in plain text")]
    [InlineData(Api, App + "env/-", "{ name: A, valueFrom: { secretKeyRef: { name: reclaimer-connections, key: redis } } }", "uses reclaimer")]
    [InlineData(Api, Pod + "volumes", "[{ name: a, secret: { secretName: migrator-connections } }]", "uses migrator-connections")]
    [InlineData("Job/migrator", Pod + "securityContext/runAsNonRoot", null, "runAsNonRoot must be true")]
    [InlineData(Api, Pod + "securityContext/runAsNonRoot", null, "runAsNonRoot must be true")]
    [InlineData(Api, Pod + "securityContext/runAsUser", "0", "runAsUser must be a number other than 0")]
    [InlineData(Api, App + "securityContext/readOnlyRootFilesystem", "false", "readOnlyRootFilesystem must be true")]
    [InlineData(Api, App + "securityContext/allowPrivilegeEscalation", null, "allowPrivilegeEscalation must be false")]
    [InlineData(Api, App + "securityContext/privileged", "true", "privileged must not be true")]
    [InlineData(Api, App + "securityContext/capabilities/drop/0", "NET_RAW", "must drop ALL capabilities, add none")]
    [InlineData(Api, Pod + "securityContext/seccompProfile", null, "seccompProfile must be RuntimeDefault")]
    [InlineData(Api, Pod + "automountServiceAccountToken", "true", "automountServiceAccountToken must be false")]
    [InlineData(Api, Pod + "serviceAccountName", null, "has no serviceAccountName of its own")]
    [InlineData(Api, Pod + "hostNetwork", "true", "shares a namespace of its node")]
    [InlineData(Api, Pod + "volumes", "[{ name: node, hostPath: { path: / } }]", "mounts a hostPath")]
    [InlineData(Api, Pod + "terminationGracePeriodSeconds", "39", "is 39, but preStop, shutdown and 5 s to spare need 40")]
    [InlineData(Api, Pod + "terminationGracePeriodSeconds", null, "is 30, but preStop, shutdown and 5 s to spare need 40")]
    [InlineData(Api, Pod + "topologySpreadConstraints", null, "all 3 replicas could run on one node")]
    [InlineData(Worker, Pod + "topologySpreadConstraints", null, "all 2 replicas could run on one node")]
    [InlineData(Api, Pod + "topologySpreadConstraints/0/labelSelector/matchLabels/" + NameLabel, "x", "do not select its own pods")]
    [InlineData("PodDisruptionBudget/order-api", "spec/maxUnavailable", "0", "lets no pod go")]
    [InlineData("PodDisruptionBudget/order-api", "spec/selector", "{ matchLabels: { app: x } }", "selects no pod")]
    [InlineData("NetworkPolicy/default-deny", "spec/podSelector", "{ matchLabels: { app: x } }", "no NetworkPolicy denies ingress and egress")]
    [InlineData(Policy, "spec/ingress/0/ports/0/port", "80", "lets in on a port that no selected pod serves")]
    [InlineData(Policy, "spec/podSelector/matchLabels/" + NameLabel, "order-app", "podSelector selects no pod")]
    [InlineData(Policy, "spec/ingress/0/from/0", "{ podSelector: { matchLabels: { app: x } } }", "from selects no pod")]
    [InlineData("NetworkPolicy/services-to-data", "spec/egress/0/to/0", "{ podSelector: { matchLabels: { app: x } } }", "to selects no pod")]
    [InlineData(Scaler, "spec/scaleTargetRef/name", "webhooks", "its target is missing")]
    [InlineData(Worker, "spec/replicas", "2", "decides about the replicas of Deployment/webhook-worker")]
    [InlineData(Scaler, "spec/minReplicaCount", "9", "minReplicaCount must be 0 to maxReplicaCount")]
    [InlineData(Scaler, "spec/pollingInterval", "0", "pollingInterval or cooldownPeriod is too low")]
    [InlineData(Scaler, "spec/fallback/replicas", "-1", "fallback has a negative number")]
    [InlineData(Scaler, "spec/triggers", "[]", "has no trigger")]
    [InlineData(Scaler, "spec/triggers/0/metadata/query", null, "a required setting of its trigger is missing")]
    [InlineData(Scaler, "spec/triggers/0/metadata/treshold", "'1'", "a setting of its trigger is unknown")]
    [InlineData(Scaler, "spec/triggers/0/metadata/threshold", "many", "a threshold is no number")]
    [InlineData(Scaler, "spec/triggers/0/type", "kafka", "the settings of trigger kafka are not known")]
    [InlineData(Scaler, "spec/triggers/0/authenticationRef", "{ name: x }", "its TriggerAuthentication is missing")]
    [InlineData("Service/order-api", "spec/ports/0/targetPort", "https", "leads to a port that its pods do not serve")]
    [InlineData("Service/order-api", "spec/selector/" + NameLabel, "order-app", "selects no pod")]
    [InlineData("Ingress/order-api", "spec/rules/0/http/paths/0/backend/service/port/name", "https", "a port that Service/order-api does not have")]
    [InlineData("Ingress/order-api", "spec/tls", null, "has no tls")]
    [InlineData("Ingress/order-api", "spec/tls/0/secretName", "other", "the Secret of its tls is missing")]
    [InlineData(Api, "spec/selector/matchLabels/" + NameLabel, "order-app", "does not select its own pods")]
    [InlineData(Api, "spec/selector/matchLabels", "{ app.kubernetes.io/part-of: fanout }", "selects the pods of another workload")]
    [InlineData(Api, App + "envFrom/0/configMapRef/name", "x", "a ConfigMap is missing")]
    [InlineData(Api, App + "envFrom/-", "{ secretRef: { name: x } }", "a Secret is missing")]
    [InlineData(Api, App + "env/-", "{ name: A, valueFrom: { secretKeyRef: { name: x, key: a } } }", "or key that A names is missing")]
    [InlineData(Api, App + "env/-", "{ name: A, valueFrom: { secretKeyRef: { name: order-api-connections, key: a } } }", "or key that A names")]
    [InlineData(Api, App + "env/-", "{ name: A, valueFrom: { configMapKeyRef: { name: fanout-dashboard, key: a } } }", "or key that A names")]
    [InlineData(Api, App + "env/-", "{ name: A, value: $(LATER) }", "A refers to a variable that is not defined before it")]
    [InlineData(Api, App + "args", "[$(NOTHING)]", "the command line refers to a variable that is not defined")]
    [InlineData(Api, Pod + "serviceAccountName", "x", "its ServiceAccount is missing")]
    [InlineData(Api, App + "volumeMounts", "[{ name: data, mountPath: /data }]", "mounts a volume that it does not have")]
    [InlineData(Api, Pod + "volumes", "[{ name: a, persistentVolumeClaim: { claimName: x } }]", "a PersistentVolumeClaim is missing")]
    [InlineData("ServiceMonitor/fanout", "spec/endpoints/0/port", "metrics", "a Service has no such port")]
    [InlineData("ServiceMonitor/fanout", "spec/endpoints/0/authorization", null, "has no API key")]
    [InlineData("ServiceMonitor/fanout", "spec/endpoints/0/authorization/credentials/key", "password", "its Secret or key is missing")]
    [InlineData("ServiceMonitor/fanout", "spec/endpoints/0/interval", "15 s", "a time is no duration of Prometheus")]
    [InlineData("ServiceMonitor/fanout", "spec/endpoints", "[]", "has no endpoint")]
    [InlineData("ServiceMonitor/fanout", "spec/selector/matchLabels", "{ app: x }", "selects no Service")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/rules/0/labels/severity", "bad", "FanOutGroupBehind has no known severity")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/rules/0/annotations/summary", null, "FanOutGroupBehind has no summary")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/rules/0/alert", null, "a rule must be either an alert or a record")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/rules/0/for", "5 m", "'for' of FanOutGroupBehind is no duration of Prometheus")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/interval", "5 m", "an interval is no duration of Prometheus")]
    [InlineData("PrometheusRule/fanout", "spec/groups/0/rules/1/alert", "FanOutGroupBehind", "has an alert twice")]
    public void A_manifest_that_breaks_a_rule_is_found(string name, string path, string? yaml, string error) =>
        AssertFound(new Overlay(Broken("production", name, path, yaml)), error);

    [Theory]
    [InlineData("production", "NetworkPolicy/default-deny", "no NetworkPolicy denies ingress and egress of all pods")]
    [InlineData("production", "PodDisruptionBudget/order-api", "Deployment/order-api: has no PodDisruptionBudget")]
    [InlineData("production", "ServiceAccount/order-api", "its ServiceAccount is missing")]
    [InlineData("production", "ExternalSecret/order-api-connections", "is missing")]
    [InlineData("production", Api, "Service/order-api: selects no pod")]
    [InlineData("production-redis-scaler", "ExternalSecret/fanout-redis-scaler", "TriggerAuthentication/fanout-redis: a Secret or key is missing")]
    [InlineData("dev", "Service/redis", "StatefulSet/redis: there is no Service 'redis'")]
    [InlineData("dev", "NetworkPolicy/default-deny", "Job/migrator: no NetworkPolicy covers its ingress")]
    [InlineData("dev", "NetworkPolicy/default-deny NetworkPolicy/names", "StatefulSet/redis: no NetworkPolicy covers its egress")]
    [InlineData("dev", "NetworkPolicy/redis-from-services NetworkPolicy/services-to-redis", "StatefulSet/redis: has no NetworkPolicy of its own")]
    [InlineData("dev", "NetworkPolicy/postgres-from-services NetworkPolicy/services-to-postgres", "Job/migrator: has no NetworkPolicy of its own")]
    public void A_missing_object_is_found(string overlay, string names, string error) =>
        AssertFound(new Overlay(overlays.Documents(overlay).Where(document => !names.Split(' ').Contains(Overlay.NameOf(document)))), error);

    [Fact]
    public void A_Secret_with_content_is_found()
    {
        var documents = overlays.Documents("production");
        const string Secret = """{ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "s" }, "stringData": { "a": "b" } }""";
        documents.Add((JsonObject)JsonNode.Parse(Secret)!);

        AssertFound(new Overlay(documents), "Secret/s: holds its content in plain text");
    }

    private static void AssertFound(Overlay overlay, string error)
    {
        Assert.Empty(overlay.SchemaErrors);
        Assert.Contains(Rules.Check(overlay), found => found.Contains(error, StringComparison.Ordinal));
    }

    private List<JsonObject> Broken(string overlay, string name, string path, string? yaml)
    {
        var documents = overlays.Documents(overlay);
        Overlays.Set(documents.Single(document => Overlay.NameOf(document) == name), path, yaml);
        return documents;
    }
}

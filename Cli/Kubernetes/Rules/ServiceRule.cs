using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>A Service leads to pods, on ports that they serve; an Ingress leads to a Service.</summary>
internal sealed class ServiceRule() : ManifestRule("services")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var (manifest, service) in overlay.All<V1Service>())
        {
            var workloads = overlay.Workloads.Where(workload => workload.IsSelectedBy(service.Spec.Selector)).ToList();
            if (workloads.Count == 0)
            {
                yield return Finds(manifest, "spec.selector", "selects no pod of this overlay.");
                continue;
            }

            foreach (var (i, port) in service.Spec.Ports.Index())
            {
                var target = port.TargetPort?.Value ?? port.Port.ToString(System.Globalization.CultureInfo.InvariantCulture);
                foreach (var workload in workloads.Where(workload => !workload.Serves(target)))
                {
                    yield return Finds(manifest, $"spec.ports[{i}].targetPort", $"is '{target}', which {workload.Manifest} does not serve.");
                }
            }
        }

        foreach (var (manifest, ingress) in overlay.All<V1Ingress>())
        {
            var backends = (ingress.Spec.Rules ?? []).SelectMany(rule => rule.Http?.Paths ?? []).Select(path => path.Backend).Append(ingress.Spec.DefaultBackend);
            foreach (var backend in backends.Select(backend => backend?.Service).OfType<V1IngressServiceBackend>())
            {
                var service = overlay.All<V1Service>().FirstOrDefault(pair => pair.Manifest.Name == backend.Name).Object;
                if (service?.Spec.Ports.Any(port => backend.Port is { } wanted && (wanted.Name is { } name ? port.Name == name : port.Port == wanted.Number)) is not true)
                {
                    yield return Finds(manifest, "spec.rules", $"leads to port '{backend.Port?.Name ?? $"{backend.Port?.Number}"}' of service '{backend.Name}', which is not there.");
                }
            }

            if (ingress.Spec.Tls is not { Count: > 0 })
            {
                yield return Finds(manifest, "spec.tls", "is missing: orders must not travel in the clear.");
            }
        }
    }
}

using FanOut.Cli.Kubernetes.Schemas.PrometheusOperator;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>A monitor finds services to scrape, on ports they have; an alert says how bad it is, what happened and what to do.</summary>
internal sealed class MonitoringRule() : ManifestRule("monitoring")
{
    private static readonly string[] Severities = ["info", "warning", "critical"];

    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var (manifest, monitor) in overlay.All<ServiceMonitor>())
        {
            var services = overlay.All<V1Service>().Where(pair => LabelSelection.Matches(monitor.Spec.Selector, pair.Object.Metadata.Labels)).ToList();
            if (services.Count == 0)
            {
                yield return Finds(manifest, "spec.selector", "selects no Service of this overlay.");
            }

            foreach (var (i, endpoint) in monitor.Spec.Endpoints.Index())
            {
                foreach (var (service, _) in services.Where(pair => !pair.Object.Spec.Ports.Any(port => port.Name == endpoint.Port)))
                {
                    yield return Finds(manifest, $"spec.endpoints[{i}].port", $"is '{endpoint.Port}', which {service} does not have.");
                }
            }
        }

        foreach (var (manifest, rules) in overlay.All<PrometheusRule>())
        {
            foreach (var (g, group) in (rules.Spec.Groups ?? []).Index())
            {
                foreach (var (r, rule) in (group.Rules ?? []).Index())
                {
                    foreach (var message in CheckAlert(rule))
                    {
                        yield return Finds(manifest, $"spec.groups[{g}].rules[{r}]", message);
                    }
                }
            }

            foreach (var name in (rules.Spec.Groups ?? []).SelectMany(group => group.Rules ?? []).Select(rule => rule.Alert).OfType<string>().GroupBy(name => name).Where(same => same.Count() > 1).Select(same => same.Key))
            {
                yield return Finds(manifest, "spec.groups", $"has more than one alert '{name}'.");
            }
        }
    }

    private static IEnumerable<string> CheckAlert(PrometheusRule.Rule rule)
    {
        if (rule.Alert is null == rule.Record is null)
        {
            yield return "must be either an alert or a record.";
        }

        if (rule.Alert is null)
        {
            yield break;
        }

        if (rule.Labels is null || !rule.Labels.TryGetValue("severity", out var severity) || !Severities.Contains(severity))
        {
            yield return $"alert '{rule.Alert}' must have a label severity: {string.Join(", ", Severities)}.";
        }

        foreach (var name in new[] { "summary", "description" })
        {
            if (rule.Annotations is null || !rule.Annotations.ContainsKey(name))
            {
                yield return $"alert '{rule.Alert}' must have an annotation {name}.";
            }
        }
    }
}

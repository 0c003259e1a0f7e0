using System.Text.RegularExpressions;
using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>No secret stands in a file: not as a Secret, not in a variable, not in a ConfigMap.</summary>
internal sealed partial class PlainSecretRule() : ManifestRule("plain secrets")
{
    public override IEnumerable<Finding> Check(RenderedOverlay overlay)
    {
        foreach (var (manifest, secret) in overlay.All<V1Secret>())
        {
            if (secret.Data is { Count: > 0 } || secret.StringData is { Count: > 0 })
            {
                yield return Finds(manifest, secret.Data is { Count: > 0 } ? "data" : "stringData", "holds a secret in the clear: use an ExternalSecret, or make it beforehand and name it on the namespace.");
            }
        }

        foreach (var workload in overlay.Workloads)
        {
            foreach (var (path, container) in workload.Containers)
            {
                foreach (var variable in container.Env ?? [])
                {
                    if (variable.Value is { } value && IsSecret(variable.Name, value))
                    {
                        yield return Finds(workload.Manifest, $"{path}.env['{variable.Name}']", "holds a secret in the clear: take it from a Secret with valueFrom.secretKeyRef.");
                    }
                }

                var words = (container.Command ?? []).Concat(container.Args ?? []).ToList();
                for (var i = 0; i < words.Count; i++)
                {
                    if (Assigned().IsMatch(words[i]) || (i > 0 && PasswordOption().IsMatch(words[i - 1]) && !Reference().IsMatch(words[i])))
                    {
                        yield return Finds(workload.Manifest, path, $"the command line of container '{container.Name}' holds a secret in the clear: use $(VARIABLE) from a Secret.");
                    }
                }
            }
        }

        foreach (var (manifest, map) in overlay.All<V1ConfigMap>())
        {
            foreach (var (key, value) in map.Data ?? new Dictionary<string, string>())
            {
                if (IsSecret(key, value))
                {
                    yield return Finds(manifest, $"data['{key}']", "holds a secret in the clear: it belongs into a Secret.");
                }
            }
        }
    }

    private static bool IsSecret(string name, string value) => (SecretName().IsMatch(name) && value.Length > 0 && !Reference().IsMatch(value)) || Assigned().IsMatch(value);

    [GeneratedRegex("(password|passwd|secret|token|api_?key|private_?key|auth)$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();

    [GeneratedRegex(@"^\$\([A-Za-z0-9_]+\)$")]
    private static partial Regex Reference();

    [GeneratedRegex(@"\b(password|pwd|accesskey|sharedaccesskey|accountkey)\s*=\s*(?!\$\()[^\s;,]+", RegexOptions.IgnoreCase)]
    private static partial Regex Assigned();

    [GeneratedRegex("^--?(requirepass|password|masterauth)$", RegexOptions.IgnoreCase)]
    private static partial Regex PasswordOption();
}

using k8s.Models;

namespace FanOut.Cli.Kubernetes.Rules;

/// <summary>Label selectors, read as <see href="https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/"/> has them. An empty one selects everything, none nothing.</summary>
internal static class LabelSelection
{
    public static bool Matches(V1LabelSelector? selector, IDictionary<string, string>? labels)
    {
        labels ??= new Dictionary<string, string>();
        return selector is not null
            && (selector.MatchLabels ?? new Dictionary<string, string>()).All(pair => labels.TryGetValue(pair.Key, out var value) && value == pair.Value)
            && (selector.MatchExpressions ?? []).All(expression => Matches(expression, labels));
    }

    public static bool IsEmpty(V1LabelSelector? selector) => selector is { MatchLabels: null or { Count: 0 }, MatchExpressions: null or { Count: 0 } };

    private static bool Matches(V1LabelSelectorRequirement expression, IDictionary<string, string> labels)
    {
        var value = labels.TryGetValue(expression.Key, out var found) ? found : null;
        return expression.OperatorProperty switch
        {
            "In" => value is not null && expression.Values.Contains(value),
            "NotIn" => value is null || !expression.Values.Contains(value),
            "Exists" => value is not null,
            _ => value is null,
        };
    }
}
